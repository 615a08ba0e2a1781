// RMSNorm and other work on single rows outside the products: the residual sum with its moments, the gates.
#include "litestage/backend/cpu/rows/norm.hpp"

#include <cmath>

#include "litestage/backend/cpu/rows/gate.hpp"
#include "row_kernels.hpp"

using namespace litestage;

namespace {

void sizes(benchmark::internal::Benchmark* b) {
  b->ArgName("hidden");
  for (const int n : {576, 896, 1536, 2048}) b->Arg(n);
}

template <class Kernels>
void rms_norm(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const auto n = static_cast<std::size_t>(state.range(0));
  const Buffer<float> x = bench::random_floats(n, 1), weight = bench::random_floats(n, 2);
  Buffer<float> out(n);
  cpu::rms_norm<Kernels>(out.data(), x.data(), weight.data(), 1e-5f, n);
  const double mean_square = Kernels::sum_squares(x.data(), n) / static_cast<double>(n);
  bench::require(std::abs(mean_square - 1) < 0.5, "numbers of variance 1 have a mean square near 1");
  const double expected = static_cast<double>(x[1]) / std::sqrt(mean_square + 1e-5) * static_cast<double>(weight[1]);
  bench::require(std::abs(static_cast<double>(out[1]) - expected) <= 1e-5 * std::abs(expected), "a norm");
  for (auto _ : state) {
    cpu::rms_norm<Kernels>(out.data(), x.data(), weight.data(), 1e-5f, n);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 3 * n * sizeof(float)));
}

template <class Kernels>
void add_measured(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const auto n = static_cast<std::size_t>(state.range(0));
  Buffer<float> x = bench::random_floats(n, 1);
  const Buffer<float> y = bench::random_floats(n, 2);
  const float before = x[0];
  Kernels::add_scaled_measured(x.data(), y.data(), 0.5f, n);
  bench::require(x[0] == std::fma(0.5f, y[0], before), "x + 0.5 y");
  for (auto _ : state) {
    benchmark::DoNotOptimize(Kernels::add_scaled_measured(x.data(), y.data(), 1e-6f, n));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 3 * n * sizeof(float)));
}

template <class Kernels>
void silu_gate(benchmark::State& state) {
  if (!bench::runs_here<Kernels>()) return state.SkipWithError("not on this CPU");
  const auto n = static_cast<std::size_t>(state.range(0));
  Buffer<float> gate = bench::random_floats(n, 1);
  const Buffer<float> up(n);
  Buffer<float> one = bench::random_floats(n, 1);
  const float z = one[0];
  for (std::size_t i = 0; i < n; ++i) gate[i] = 1;
  cpu::apply_gate<Kernels>(Activation::silu, one.data(), gate.data(), n);
  bench::require(std::abs(one[0] - z / (1 + std::exp(-z))) < 1e-5f, "SiLU");
  for (auto _ : state) {  // in place: after one round all are zero, which costs the same
    cpu::apply_gate<Kernels>(Activation::silu, gate.data(), up.data(), n);
    benchmark::DoNotOptimize(gate.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * 3 * n * sizeof(float)));
}

}  // namespace

LITESTAGE_BENCH_KERNELS(rms_norm, sizes);
LITESTAGE_BENCH_KERNELS(add_measured, sizes);
LITESTAGE_BENCH_KERNELS(silu_gate, sizes);
