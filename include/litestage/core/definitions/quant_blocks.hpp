// Dequantises rows of weights.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "litestage/core/quant_blocks.hpp"

namespace litestage {

namespace detail {

// Quantised types.
template <DType type, class T>
void dequantize_blocks(const std::byte* row, T* out, std::size_t columns) {
  constexpr int n = info(type).block_size;
  constexpr Coding coding = info(type).coding;
  std::uint8_t code[n];
  for (std::size_t i = 0; i < columns / n; ++i, out += n) {
    const auto block = load_block<typename DiskBlock<type>::Type>(row, i);
    static_assert(sizeof(block) == info(type).block_bytes);
    codes(block, code);
    const double d = scale_of(block);
    double min = 0;
    if constexpr (requires { block.m; }) min = to_float(block.m);
    if constexpr (requires { block.dmin; }) min = to_float(block.dmin);
    for (int j = 0; j < n; ++j) {
      const int number = coding.number(code[j]);
      if constexpr (info(type).super_blocks()) {
        const SubScale s = sub_scale(block, j / coding.scale_columns);
        out[j] = static_cast<T>(coding.has_min ? d * s.scale * number - min * s.min : d * s.scale * number);
      } else {
        out[j] = static_cast<T>(d * number + min);
      }
    }
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
  with_type(type, [&]<DType t>() {
    if constexpr (t == DType::f32)
      dequantize_float<float>(row, out, columns);
    else if constexpr (t == DType::f16)
      dequantize_float<f16>(row, out, columns);
    else if constexpr (t == DType::bf16)
      dequantize_float<bf16>(row, out, columns);
    else
      dequantize_blocks<t>(row, out, columns);
  });
}

}  // namespace detail

LITESTAGE_INLINE void dequantize_row(DType type, const std::byte* row, float* out, std::size_t columns) {
  detail::dequantize_any(type, row, out, columns);
}
LITESTAGE_INLINE void dequantize_row(DType type, const std::byte* row, double* out, std::size_t columns) {
  detail::dequantize_any(type, row, out, columns);
}

}  // namespace litestage
