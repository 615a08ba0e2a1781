// A matrix product that cuBLAS is asked for, as plain numbers: `reference_gemm` executes the same struct on the host.
#pragma once

#include <cstddef>

#include "litestage/kernels/products/gemm_type.cuh"

namespace litestage::gpu {

// The arguments of cublasGemmEx; every matrix is stored column by column:
//     C = alpha op(A) op(B) + beta C,   op(A) [m, k], op(B) [k, n], C [m, n]
// A and B have the type `type`; C is float, and sums are float.
struct Gemm {
  bool transpose_a = false, transpose_b = false;
  int m = 0, n = 0, k = 0;
  kernels::GemmType type = kernels::GemmType::bf16;
  const void* a = nullptr;
  int lda = 0;  // numbers from one column of A, as stored, to the next
  const void* b = nullptr;
  int ldb = 0;
  float* c = nullptr;
  int ldc = 0;
  float alpha = 1, beta = 0;

  friend bool operator==(const Gemm&, const Gemm&) = default;
};

// The product that a projection is: y [n, w_rows] = x [n, columns] W^T, W [w_rows, columns], all stored row by row.
// Rows of y begin `y_stride` numbers apart.
[[nodiscard]] inline Gemm projection(kernels::GemmType type, float* y, std::size_t y_stride, const void* x,
                                     std::size_t n, const void* w, std::size_t w_rows, std::size_t columns) {
  Gemm g;
  g.transpose_a = true;
  g.m = static_cast<int>(w_rows);
  g.n = static_cast<int>(n);
  g.k = static_cast<int>(columns);
  g.type = type;
  g.a = w;
  g.lda = g.k;
  g.b = x;
  g.ldb = g.k;
  g.c = y;
  g.ldc = static_cast<int>(y_stride);
  return g;
}

}  // namespace litestage::gpu
