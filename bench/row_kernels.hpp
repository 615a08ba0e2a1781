// Benchmarks of the cpu backend's row kernels: one for each instruction set that this machine has.
#pragma once

#include <benchmark/benchmark.h>

#include "inputs.hpp"
#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/rows/row_kernels_avx512.hpp"
#include "require.hpp"

namespace litestage::bench {

template <class Kernels>
[[nodiscard]] bool runs_here() {
#if defined(__x86_64__)
  if (std::is_same_v<Kernels, cpu::Avx512>) return cpu::supported(cpu::InstructionSet::avx512);
  if (std::is_same_v<Kernels, cpu::Avx2>) return cpu::supported(cpu::InstructionSet::avx2);
#endif
  return true;
}

}  // namespace litestage::bench

#if defined(__x86_64__)
#define LITESTAGE_BENCH_KERNELS(function, arguments)                      \
  BENCHMARK_TEMPLATE(function, litestage::cpu::Avx512)->Apply(arguments); \
  BENCHMARK_TEMPLATE(function, litestage::cpu::Avx2)->Apply(arguments);   \
  BENCHMARK_TEMPLATE(function, litestage::cpu::Portable)->Apply(arguments)
#else
#define LITESTAGE_BENCH_KERNELS(function, arguments) \
  BENCHMARK_TEMPLATE(function, litestage::cpu::Portable)->Apply(arguments)
#endif
