#include "litestage/engine/pipeline.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/tiny_model.hpp"
#include "common/toy_tokenizer.hpp"
#include "litestage/backend/reference.hpp"
#include "litestage/stages/tiny_thinker.hpp"

using namespace litestage;

namespace {

Question question(std::string id, std::string stem) { return {std::move(id), std::move(stem), {"ice", "rock", "oak tree", "air"}, 1}; }

}  // namespace

TEST_CASE("three stages") {
  ReferenceBackend backend;
  const ModelSource source = test::tiny_model(test::tiny_config(), {});
  const Model<ReferenceBackend> model = load(backend, source);
  const test::ToyTokenizer tokenizer;
  Pipeline<ReferenceBackend, skip::Never, early_exit::Never, stages::TinyThinker> pipeline(backend, model, tokenizer);
  const QuestionReport report = pipeline.run(question("q1", "What is hard?"));
  REQUIRE(report.stages.size() == 3);
  for (const StageReport& s : report.stages) MESSAGE(s.name, " ", s.prompt_tokens, " ", s.generated_tokens, " ", s.branches[0].text);
}
