// Dequantises rows of weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "litestage/core/quant_blocks.hpp"

namespace litestage {

namespace detail {

// Formats with one scale (and an optional minimum) per 32 elements.
template <class Block, int offset, class T>
void dequantize_simple(const std::byte* row, T* out, std::size_t columns) {
  std::uint8_t code[32];
  for (std::size_t i = 0; i < columns / 32; ++i) {
    const auto block = load_block<Block>(row, i);
    codes(block, code);
    double min = 0;
    if constexpr (requires { block.m; }) min = to_float(block.m);
    const double scale = to_float(block.d);
    for (int j = 0; j < 32; ++j) out[i * 32 + j] = static_cast<T>(scale * (code[j] - offset) + min);
  }
}

// Q4_K and Q5_K.
template <class Block, class T>
void dequantize_k(const std::byte* row, T* out, std::size_t columns) {
  std::uint8_t code[256];
  for (std::size_t i = 0; i < columns / 256; ++i) {
    const auto block = load_block<Block>(row, i);
    codes(block, code);
    const double d = to_float(block.d), dmin = to_float(block.dmin);
    for (int j = 0; j < 256; ++j) {
      const SubScale s = sub_scale(block.scales, j / 32);
      out[i * 256 + j] = static_cast<T>(d * s.scale * code[j] - dmin * s.min);
    }
  }
}

template <class T>
void dequantize_q6k(const std::byte* row, T* out, std::size_t columns) {
  std::uint8_t code[256];
  for (std::size_t i = 0; i < columns / 256; ++i) {
    const auto block = load_block<BlockQ6K>(row, i);
    codes(block, code);
    const double d = to_float(block.d);
    for (int j = 0; j < 256; ++j) out[i * 256 + j] = static_cast<T>(d * block.scales[j / 16] * (code[j] - 32));
  }
}

// F32, F16, BF16: `Stored` is float, f16 or bf16.
template <class Stored, class T>
void dequantize_float(const std::byte* row, T* out, std::size_t columns) {
  for (std::size_t i = 0; i < columns; ++i) {
    Stored value;
    std::memcpy(&value, row + i * sizeof(Stored), sizeof(Stored));
    if constexpr (std::is_same_v<Stored, float>)
      out[i] = value;
    else
      out[i] = to_float(value);
  }
}

template <class T>
void dequantize_any(DType type, const std::byte* row, T* out, std::size_t columns) {
  LITESTAGE_ASSERT(columns % info(type).block_size == 0, columns, " columns in blocks of ", info(type).block_size);
  switch (type) {
    case DType::f32:
      return dequantize_float<float>(row, out, columns);
    case DType::f16:
      return dequantize_float<f16>(row, out, columns);
    case DType::bf16:
      return dequantize_float<bf16>(row, out, columns);
    case DType::q8_0:
      return dequantize_simple<BlockQ8_0, 128>(row, out, columns);
    case DType::q4_0:
      return dequantize_simple<BlockQ4_0, 8>(row, out, columns);
    case DType::q4_1:
      return dequantize_simple<BlockQ4_1, 0>(row, out, columns);
    case DType::q5_0:
      return dequantize_simple<BlockQ5_0, 16>(row, out, columns);
    case DType::q5_1:
      return dequantize_simple<BlockQ5_1, 0>(row, out, columns);
    case DType::q4_k:
      return dequantize_k<BlockQ4K>(row, out, columns);
    case DType::q5_k:
      return dequantize_k<BlockQ5K>(row, out, columns);
    case DType::q6_k:
      return dequantize_q6k(row, out, columns);
  }
}

}  // namespace detail

LITESTAGE_INLINE void dequantize_row(DType type, const std::byte* row, float* out, std::size_t columns) {
  detail::dequantize_any(type, row, out, columns);
}
LITESTAGE_INLINE void dequantize_row(DType type, const std::byte* row, double* out, std::size_t columns) {
  detail::dequantize_any(type, row, out, columns);
}

}  // namespace litestage
