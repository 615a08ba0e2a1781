#include "litestage/pipeline/context_needed.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/pipeline_setting.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// The longest prompt of a schedule whose stages write `n` characters each: to the toy tokenizer a character is a token.
std::size_t longest_prompt(const stages::TinyThinker& stages, const Question& question,
                           const std::vector<int>& written) {
  Transcript transcript{question, {}};
  std::size_t longest = 0;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const std::vector<Prompt> prompts = stages.prompts(i, transcript);
    const auto n = static_cast<std::size_t>(written[i]);
    for (const Prompt& p : prompts) longest = std::max(longest, toy.encode(p).size() + n - std::min<std::size_t>(n, 1));
    transcript.outputs.emplace_back(prompts.size(), std::string(n, 'x'));
  }
  return longest;
}

}  // namespace

TEST_CASE("what a question needs: its longest prompt, and what the stages may write") {
  for (const Question& q : questions(8)) {
    const ContextNeeded least = context_needed(thinker, q, toy, Writing::nothing, Scored::nothing),
                        most = context_needed(thinker, q, toy, Writing::as_much_as_allowed, Scored::nothing);
    CHECK(least.positions == longest_prompt(thinker, q, {0, 0, 0}));
    CHECK(most.positions == longest_prompt(thinker, q, {6, 5, 4}));
    CHECK(least.stage == "summarize");
    CHECK(context_needed(thinker, q, toy, Writing::nothing, Scored::letters).positions > least.positions);
  }
  // Right answers go with the last stage's prompt, all tokens but the last.
  const Question sum{"q", "How many?", {}, {{"1"}, {"123456789012345678901234567890"}}, AnswerKind::number};
  const std::size_t asks = context_needed(OneStage{}, sum, toy, Writing::nothing, Scored::nothing).positions;
  CHECK(context_needed(OneStage{}, sum, toy, Writing::nothing, Scored::golds).positions == asks + 29);
  const ContextNeeded one =
      context_needed(OneStage{}, questions(1)[0], toy, Writing::as_much_as_allowed, Scored::letters);
  CHECK(one.positions == std::string("Say it: ").size() + 6 - 1);  // this schedule states no answer
  CHECK(one.stage == "only");
}

TEST_CASE("a context that is as large as what may be needed is never outgrown, and one below the least always is") {
  Setting<CpuBackend> s(CpuBackend(CpuOptions{1}));
  for (const Question& q : questions(4)) {
    CAPTURE(q.id);
    const auto run = [&](std::size_t context) {
      PipelineOptions options;
      options.context = context;
      options.score_letters = true;
      options.generation.ignore_eos = true;
      Pipeline<CpuBackend, skip::Never, early_exit::Never, stages::TinyThinker> pipeline({s.backend, s.model, toy}, {},
                                                                                         {}, thinker, options);
      return pipeline.run(q);
    };
    const QuestionReport enough =
        run(context_needed(thinker, q, toy, Writing::as_much_as_allowed, Scored::letters).positions);
    CHECK_FALSE(enough.no_room.has_value());
    for (const StageReport& stage : enough.stages) {
      for (const BranchReport& b : stage.branches) CHECK(b.stop != StopReason::context);
    }
    CHECK(run(context_needed(thinker, q, toy, Writing::nothing, Scored::letters).positions - 1).no_room.has_value());
  }
}
