// Weights back to numbers: the embedding of tokens, and whole matrices for cuBLAS. A thread takes a unit. Every number
// is rounded once, so it is the one that core/quant_blocks.hpp gives.
#pragma once

#include <cstddef>

#include "litestage/kernels/rms_norm.cuh"
#include "litestage/kernels/simt.cuh"
#include "litestage/kernels/weights.cuh"

namespace litestage::kernels {

// f(column, value) for every number of a unit of a row.
template <DType type, class C, class F>
LITESTAGE_DEVICE void for_each_number(C& t, const Matrix& w, unsigned row, unsigned u, const F& f) {
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
      for (unsigned j = 0; j < block_columns; ++j) {
        const std::uint32_t byte = (codes.word[j / 4] >> (8 * (j % 4))) & 0xffu;
        const int code = format.code_bits == 8 ? static_cast<std::int8_t>(byte) : static_cast<int>(byte);
        const float factor = j < 16 ? scale.first : scale.second;
        f(block * block_columns + j, fmaf(factor, static_cast<float>(code - format.offset), scale.minimum));
      }
    }
  } else {
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < format.unit_columns; ++j) {
      if (u * format.unit_columns + j < w.columns) f(u * format.unit_columns + j, element<type>(unit[0], j));
    }
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
  };
  static std::size_t shared_bytes(const Params&) { return 0; }
  static Grid grid(const Params& p) { return {(p.table.units + threads - 1) / threads, p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned u = t.block().x * threads + t.thread();
    if (u >= p.table.units) return;
    float* x = p.x + static_cast<std::size_t>(t.block().y) * p.table.columns;
    const auto token = static_cast<unsigned>(t.load(p.tokens + t.block().y));
    for_each_number<type>(t, p.table, token, u, [&](unsigned j, float value) { t.store(x + j, value * p.multiplier); });
  }
};

// A matrix [rows, columns] for cuBLAS.
template <DType type, GemmType to>
struct Dequantize {
  static constexpr const char* name = "dequantize";
  static constexpr unsigned threads = 64;
  using Number = typename GemmNumber<to>::Type;
  struct Params {
    Matrix w;
    Number* out = nullptr;
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
      for_each_number<type>(t, p.w, row, u,
                            [&](unsigned j, float value) { t.store(out + j, GemmNumber<to>::of(value)); });
    }
  }
};

}  // namespace litestage::kernels
