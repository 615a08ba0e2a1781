// The options of the gpu backend.
#pragma once

#include <cstddef>

#include "litestage/kernels/products/gemm_type.cuh"

namespace litestage {

struct GpuOptions {
  std::size_t gemm_from_rows = 17;  // operations on at least this many rows go through cuBLAS; our own default
  kernels::GemmType gemm_type = kernels::GemmType::bf16;  // or f16, which overflows on the activations of some models
  std::size_t recorded_steps = 64;                        // recordings that are kept; 0: every step is launched anew
  bool verify_replays = false;  // for tests: records a step again before each replay, and compares the two

  [[nodiscard]] bool through_cublas(std::size_t rows) const { return rows >= gemm_from_rows; }
};

}  // namespace litestage
