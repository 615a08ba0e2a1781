// Text to ids and back, with the vocabulary of a model in the cache ($LITESTAGE_MODELS, default ~/.cache/litestage;
// examples/get_model.sh fills it). Bytes count the text.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "require.hpp"

using namespace litestage;

namespace {

std::optional<io::SubwordTokenizer> tokenizer(const std::string& model) {
  const char* folder = std::getenv("LITESTAGE_MODELS");
  const char* home = std::getenv("HOME");
  const std::string path =
      (folder != nullptr ? std::string(folder) : std::string(home != nullptr ? home : "") + "/.cache/litestage") + "/" +
      model + ".gguf";
  if (!std::filesystem::exists(path)) return std::nullopt;
  return io::SubwordTokenizer(io::read_vocabulary(io::Gguf(path)), path);
}

// Words, numbers and punctuation in a fixed order, 64 KiB.
std::string text() {
  const std::vector<std::string> words{
      "water", " boils", " at",   " 100", " degrees",     ";", " it's", " the",     " photosynthesis",
      ".\n",   " A",     " leaf", "'s",   " chlorophyll", ",", " (B)",  " 3.14159", "\n\n  "};
  std::string out;
  for (std::size_t i = 0; out.size() < (std::size_t{64} << 10); ++i) out += words[(i * i + 7 * i) % words.size()];
  return out;
}

void encode(benchmark::State& state, const char* model) {
  const std::optional<io::SubwordTokenizer> t = tokenizer(model);
  if (!t) return state.SkipWithError("the model is not in the cache");
  const std::string words = text();
  bench::require(t->decode(t->encode(words, false)) == words, "a text comes back");
  for (auto _ : state) benchmark::DoNotOptimize(t->encode(words, false));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(words.size()));
}
BENCHMARK_CAPTURE(encode, smollm2, "smollm2-135m")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(encode, qwen2, "qwen2.5-coder-0.5b")->Unit(benchmark::kMillisecond);

void decode(benchmark::State& state, const char* model) {
  const std::optional<io::SubwordTokenizer> t = tokenizer(model);
  if (!t) return state.SkipWithError("the model is not in the cache");
  const std::string words = text();
  const std::vector<int> ids = t->encode(words, false);
  bench::require(t->decode(ids) == words, "a text comes back");
  for (auto _ : state) benchmark::DoNotOptimize(t->decode(ids));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(words.size()));
}
BENCHMARK_CAPTURE(decode, smollm2, "smollm2-135m")->Unit(benchmark::kMillisecond);

}  // namespace
