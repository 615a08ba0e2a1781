// Dequantises weights: rows of the embedding table, and whole matrices for cuBLAS. A thread processes one unit. Every
// number is rounded once, so its bits equal those of core/quant_blocks.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/kernels/products/gemm_type.cuh"
#include "litestage/kernels/products/weights.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// Number j of a block. It is rounded once, because the product of scale and code is exact.
template <DType type>
LITESTAGE_DEVICE float number_of(const Codes& codes, const BlockScale& scale, unsigned j) {
  constexpr Format f = format_of(type);
  const std::uint32_t byte = (codes.word[j / 4] >> (8 * (j % 4))) & 0xffu;
  const int code = f.signed_codes ? static_cast<std::int8_t>(byte) : static_cast<int>(byte);
  const float factor = j < 16 ? scale.first : scale.second, steps = static_cast<float>(code - f.offset);
  const float minimum = f.half_scales && j >= 16 ? scale.second_minimum : scale.minimum;
  // In blocks of 32 the host adds the minimum even if it is zero, which affects the sign of zero, so this function adds
  // it too.
  return f.super_blocks && !f.has_min ? factor * steps : fmaf(factor, steps, minimum);
}

// Calls f(column, numbers) for all numbers of a unit of a row, 8 or 4 at a time starting at `column`. The last unit of
// a row may extend past the end of the row.
template <DType type, class C, class F>
LITESTAGE_DEVICE void for_each_run(C& t, const Matrix& w, unsigned row, unsigned u, const F& f) {
  constexpr Format format = format_of(type);
  Vector16 unit[format.unit_vectors];
  LITESTAGE_UNROLL
  for (unsigned v = 0; v < format.unit_vectors; ++v) {
    unit[v] = t.load(w.codes + (static_cast<std::size_t>(row) * format.unit_vectors + v) * w.units + u);
  }
  if constexpr (format.quantised()) {
    LITESTAGE_UNROLL
    for (unsigned b = 0; b < format.unit_blocks(); ++b) {
      const unsigned block = u * format.unit_blocks() + b;
      if (block * block_columns >= w.columns) break;
      const BlockScale scale = block_scale<type>(t, w, row, block);
      const Codes codes = unpack<type>(unit, b);
      LITESTAGE_UNROLL
      for (unsigned first = 0; first < block_columns; first += 8) {
        float numbers[8];
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < 8; ++j) numbers[j] = number_of<type>(codes, scale, first + j);
        f(block * block_columns + first, numbers);
      }
    }
  } else {
    float numbers[format.unit_columns];
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < format.unit_columns; ++j) numbers[j] = element<type>(unit[0], j);
    f(u * format.unit_columns, numbers);
  }
}

// Stores n numbers from `column` on in the row of `columns` numbers at `to`, except those past its end. Uses stores of
// 16 bytes if the rows are aligned to 16 bytes and n numbers are a multiple of 16 bytes.
template <class Number, unsigned n, class C>
LITESTAGE_DEVICE void store_run(C& t, Number* to, unsigned column, unsigned columns, const Number (&numbers)[n]) {
  constexpr unsigned at_once = 16 / sizeof(Number);
  if constexpr (n % at_once == 0) {
    if (columns % at_once == 0) {
      LITESTAGE_UNROLL
      for (unsigned first = 0; first < n; first += at_once) {
        if (column + first >= columns) continue;
        t.store(reinterpret_cast<Vector16*>(to + column + first), vector_of(numbers, first));
      }
      return;
    }
  }
  LITESTAGE_UNROLL
  for (unsigned j = 0; j < n; ++j) {
    if (column + j < columns) t.store(to + column + j, numbers[j]);
  }
}

// x[i] = multiplier * row tokens[i] of the table
template <DType type>
struct Embed {
  static constexpr const char* name = "embed";
  static constexpr unsigned threads = 64;
  struct Params {
    Matrix table;                 // [vocab, hidden]
    const int* tokens = nullptr;  // [n]
    unsigned n = 0;
    float multiplier = 1;
    float* x = nullptr;  // [n, hidden]
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {p.n, (p.table.units + threads - 1) / threads}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned u = t.block().y * threads + t.thread();
    if (u >= p.table.units) return;
    float* x = p.x + static_cast<std::size_t>(t.block().x) * p.table.columns;
    const auto token = static_cast<unsigned>(t.load(p.tokens + t.block().x));
    for_each_run<type>(t, p.table, token, u, [&]<unsigned n>(unsigned column, const float(&numbers)[n]) {
      float scaled[n];
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < n; ++j) scaled[j] = numbers[j] * p.multiplier;
      store_run(t, x, column, p.table.columns, scaled);
    });
  }
};

// out = w, rounded to the type of the cuBLAS product.
template <DType type, GemmType to>
struct Dequantize {
  static constexpr const char* name = "dequantize";
  static constexpr unsigned threads = 64;
  using Number = typename GemmNumber<to>::Type;
  struct Params {
    Matrix w;               // [rows, columns]
    Number* out = nullptr;  // [rows, columns]
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) {
    return {(p.w.units + threads - 1) / threads, p.w.rows < 32768 ? p.w.rows : 32768};
  }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned u = t.block().x * threads + t.thread();
    if (u >= p.w.units) return;
    for (unsigned row = t.block().y; row < p.w.rows; row += t.grid().y) {
      Number* out = p.out + static_cast<std::size_t>(row) * p.w.columns;
      for_each_run<type>(t, p.w, row, u, [&]<unsigned n>(unsigned column, const float(&numbers)[n]) {
        Number rounded[n];
        LITESTAGE_UNROLL
        for (unsigned j = 0; j < n; ++j) rounded[j] = GemmNumber<to>::of(numbers[j]);
        store_run(t, out, column, p.w.columns, rounded);
      });
    }
  }
};

}  // namespace litestage::kernels
