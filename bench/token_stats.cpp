// Statistics of the logits of one row, in one thread. Bytes count every logit once.
#include "litestage/backend/cpu/rows/token_stats.hpp"

#include <algorithm>
#include <vector>

#include "row_kernels.hpp"

using namespace litestage;

namespace {

constexpr Signal signal_sets[] = {Signal::none, Signal::max_prob | Signal::entropy, Signal::margin,
                                  Signal::top_log_probs};

void arguments(benchmark::internal::Benchmark* b) {
  b->ArgNames({"vocab", "signals"});
  for (const int vocab : {49152, 151936}) {
    for (const int set : {0, 1, 2, 3}) b->Args({vocab, set});
  }
}

template <class Kernels>
TokenStats stats_of(const Buffer<float>& logits, std::vector<cpu::LogitChunk>& chunks, Signal signals) {
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    cpu::measure_max<Kernels>(chunks[c], logits.data(), logits.size(), c);
  }
  const float max = cpu::row_max(chunks.data(), chunks.size());
  for (std::size_t c = 0; needs_sums(signals) && c < chunks.size(); ++c) {
    cpu::measure_sums<Kernels>(chunks[c], logits.data(), logits.size(), c, max);
  }
  return cpu::summarize<Kernels>(chunks.data(), logits.data(), logits.size(), signals);
}

template <class Kernels>
void token_stats(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const auto vocab = static_cast<std::size_t>(state.range(0));
  const Signal signals = signal_sets[state.range(1)];
  const Buffer<float> logits = bench::random_floats(vocab);
  std::vector<cpu::LogitChunk> chunks(cpu::logit_chunks(vocab));
  const auto likeliest = std::max_element(logits.data(), logits.data() + vocab) - logits.data();
  bench::require(stats_of<Kernels>(logits, chunks, signals).token == likeliest, "the token of the largest logit");
  for (auto _ : state) benchmark::DoNotOptimize(stats_of<Kernels>(logits, chunks, signals));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * vocab * sizeof(float)));
}

}  // namespace

LITESTAGE_BENCH_KERNELS(token_stats, arguments);
