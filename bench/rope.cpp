// Rotary embedding of the heads of one row, both pairings.
#include "litestage/backend/cpu/rows/rope.hpp"

#include <cmath>

#include "row_kernels.hpp"

using namespace litestage;

namespace {

void shapes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"heads", "dim", "halves"});
  for (const int halves : {0, 1}) b->Args({12, 64, halves})->Args({14, 128, halves});
}

template <class Kernels>
void rotate_heads(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const auto heads = static_cast<std::size_t>(state.range(0)), dim = static_cast<std::size_t>(state.range(1));
  const bool halves = state.range(2) != 0;
  Buffer<float> x = bench::random_floats(heads * dim), cos(dim / 2), sin(dim / 2);
  for (std::size_t i = 0; i < dim / 2; ++i) {
    cos[i] = std::cos(static_cast<float>(i));
    sin[i] = std::sin(static_cast<float>(i));
  }
  const double before = Kernels::sum_squares(x.data(), heads * dim);
  cpu::rotate_head<Kernels>(x.data(), cos.data(), sin.data(), dim, halves);
  const double after = Kernels::sum_squares(x.data(), heads * dim);
  bench::require(std::abs(after - before) < 1e-4 * before, "a rotation keeps the length");
  for (auto _ : state) {
    for (std::size_t h = 0; h < heads; ++h) {
      cpu::rotate_head<Kernels>(x.data() + h * dim, cos.data(), sin.data(), dim, halves);
    }
    benchmark::DoNotOptimize(x.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 2 * heads * dim * sizeof(float)));
}

}  // namespace

LITESTAGE_BENCH_KERNELS(rotate_heads, shapes);
