// Sessions with trained models: the text that llama2.c, the program of its authors, writes with stories260K, and the
// invariants of tests/backend/invariants.cpp on a model of a practical size.
#include "litestage/engine/session.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/llama2c_reader.hpp"
#include "common/sequences.hpp"
#include "litestage/io/gguf/model_source.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

[[nodiscard]] std::string folder_of(const char* variable, const std::string& otherwise) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

// What llama2.c prints at temperature 0: `steps` positions from BOS (1) on, ended by BOS or EOS (2).
template <class B>
[[nodiscard]] std::string greedy_text(B& backend, const ModelSource& source, const std::vector<std::string>& pieces,
                                      int steps, KvType kv) {
  const Model<B> model = load(backend, source);
  Session<B> session(backend, model, {1, static_cast<std::size_t>(steps), kv});
  std::string text;
  int token = 1;
  std::vector<TokenStats> stats(1);
  for (int i = 0; i < steps; ++i) {
    session.step(std::vector<StepRow>{{token, 0, session.skip_nothing(), true}});
    backend.token_stats(stats, session.logits(), Signal::none);
    token = stats[0].token;
    if (token == 1 || token == 2) break;
    std::string piece = pieces.at(static_cast<std::size_t>(token));
    if (i == 0 && piece[0] == ' ') piece.erase(0, 1);  // the blank that begins the first token after BOS
    text += piece;
  }
  return text;
}

}  // namespace

TEST_CASE("stories260K writes the expected text, character by character") {
  const std::string folder = folder_of("LITESTAGE_DATA", "data") + "/stories260K";
  if (!std::filesystem::exists(folder + "/stories260K.bin")) {
    MESSAGE("skipped: there is no ", folder, "/stories260K.bin");
    return;
  }
  const ModelSource source = read_llama2c(folder + "/stories260K.bin");
  const std::vector<std::string> pieces = read_llama2c_tokens(folder + "/tok512.bin");
  const std::string expected = io::read_file(folder + "/expected_greedy.txt");
  REQUIRE(expected.size() == 464);
  // F16 keys and values do not change the choice of any token here, either.
  for (const KvType kv : {KvType::f32, KvType::f16}) {
    CAPTURE(kv == KvType::f16);
    with_backends([&](const auto& make, const std::string& name) {
      CAPTURE(name);
      auto backend = make(1, true);
      CHECK(greedy_text(backend, source, pieces, 200, kv) == expected);
    });
  }
}

TEST_CASE("smollm2-135m: a prompt at once equals its tokens one by one, and a batch equals its members") {
  const std::string home = folder_of("HOME", "");
  const std::string path = folder_of("LITESTAGE_MODELS", home + "/.cache/litestage") + "/smollm2-135m.gguf";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: there is no ", path);
    return;
  }
  const ModelSource source = io::read_model_source(path);
  CpuBackend backend(CpuOptions{2, true, std::nullopt});
  const Model<CpuBackend> model = load(backend, source);
  Random random(21);
  std::vector<Sequence> sequences;
  for (const std::size_t length : {24, 5, 9}) sequences.push_back(random_sequence(random, source.config, length));
  sequences[0] = under(Decisions(sequences[0].decisions[0].size()), sequences[0].tokens);
  const auto results = [&](const std::vector<Sequence>& of, const Steps& steps) {
    Session<CpuBackend> session(backend, model, {of.size(), 32, KvType::f16});
    return run(session, of, steps);
  };
  const auto expected = results(sequences, one_by_one(sequences));
  CHECK(results({sequences[0]}, in_chunks({sequences[0]}, 24))[0] == expected[0]);
  CHECK(results(sequences, mixed(sequences, 8, 9)) == expected);
}
