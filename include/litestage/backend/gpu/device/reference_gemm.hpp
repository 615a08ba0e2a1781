// Executes a Gemm on the host, number by number, in double. Tests use it to show that the backend asks cuBLAS for the
// right product: transposition, leading dimensions and order of the operands.
#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "litestage/backend/gpu/device/gemm.hpp"
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

// k numbers from `first` on, `step` apart.
[[nodiscard]] inline std::vector<double> gemm_line(kernels::GemmType type, const void* memory, std::size_t first,
                                                   std::size_t step, std::size_t k) {
  std::vector<double> line(k);
  for (std::size_t l = 0; l < k; ++l) line[l] = gemm_number(type, memory, first + l * step);
  return line;
}

}  // namespace detail

inline void reference_gemm(const Gemm& g) {
  const auto m = static_cast<std::size_t>(g.m), n = static_cast<std::size_t>(g.n), k = static_cast<std::size_t>(g.k);
  const auto lda = static_cast<std::size_t>(g.lda), ldb = static_cast<std::size_t>(g.ldb);
  std::vector<std::vector<double>> columns(n);  // of op(B)
  for (std::size_t j = 0; j < n; ++j) {
    columns[j] =
        g.transpose_b ? detail::gemm_line(g.type, g.b, j, ldb, k) : detail::gemm_line(g.type, g.b, j * ldb, 1, k);
  }
  for (std::size_t i = 0; i < m; ++i) {
    const std::vector<double> row =  // of op(A)
        g.transpose_a ? detail::gemm_line(g.type, g.a, i * lda, 1, k) : detail::gemm_line(g.type, g.a, i, lda, k);
    for (std::size_t j = 0; j < n; ++j) {
      const double sum = std::inner_product(row.begin(), row.end(), columns[j].begin(), 0.0);
      float& c = g.c[j * static_cast<std::size_t>(g.ldc) + i];
      const double before = g.beta == 0 ? 0 : static_cast<double>(g.beta) * static_cast<double>(c);
      c = static_cast<float>(static_cast<double>(g.alpha) * sum + before);
    }
  }
}

}  // namespace litestage::gpu
