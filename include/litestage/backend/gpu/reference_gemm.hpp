// A Gemm struct executed on the host, number by number, in double: shows that the backend asks cuBLAS for the right
// thing (transposition, leading dimensions, order), which no timing could.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/gpu/runtime.hpp"
#include "litestage/core/numeric.hpp"

namespace litestage::gpu {

namespace detail {

[[nodiscard]] inline double gemm_number(kernels::GemmType type, const void* memory, std::size_t i) {
  switch (type) {
    case kernels::GemmType::f16:
      return static_cast<double>(to_float(f16{static_cast<const std::uint16_t*>(memory)[i]}));
    case kernels::GemmType::bf16:
      return static_cast<double>(to_float(bf16{static_cast<const std::uint16_t*>(memory)[i]}));
    default:
      return static_cast<double>(static_cast<const float*>(memory)[i]);
  }
}

}  // namespace detail

inline void reference_gemm(const Gemm& g) {
  const auto at = [](bool transposed, int row, int column, int ld) {
    return transposed ? static_cast<std::size_t>(row) * static_cast<std::size_t>(ld) + static_cast<std::size_t>(column)
                      : static_cast<std::size_t>(column) * static_cast<std::size_t>(ld) + static_cast<std::size_t>(row);
  };
  for (int j = 0; j < g.n; ++j) {
    for (int i = 0; i < g.m; ++i) {
      double sum = 0;
      for (int l = 0; l < g.k; ++l) {
        sum += detail::gemm_number(g.type, g.a, at(g.transpose_a, i, l, g.lda)) *
               detail::gemm_number(g.type, g.b, at(g.transpose_b, l, j, g.ldb));
      }
      float& c = g.c[at(false, i, j, g.ldc)];
      const double before = g.beta == 0 ? 0 : static_cast<double>(g.beta) * static_cast<double>(c);
      c = static_cast<float>(static_cast<double>(g.alpha) * sum + before);
    }
  }
}

}  // namespace litestage::gpu
