// The number types of matrix products through cuBLAS.
#pragma once

#include <cstdint>

#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

enum class GemmType : std::uint8_t { f32, f16, bf16 };  // f32: unrounded, for checks

// The storage type of a GemmType, and `of`, which rounds a float to it (to nearest, ties to even).
template <GemmType type>
struct GemmNumber {
  using Type = std::uint16_t;
  LITESTAGE_DEVICE static Type of(float value) {
    return type == GemmType::f16 ? float_to_half(value) : float_to_bf16(value);
  }
};
template <>
struct GemmNumber<GemmType::f32> {
  using Type = float;
  LITESTAGE_DEVICE static Type of(float value) { return value; }
};

// Eight numbers from `first` on, loaded as one vector.
template <unsigned n>
LITESTAGE_DEVICE Vector16 vector_of(const std::uint16_t (&numbers)[n], unsigned first) {
  Vector16 v;
  LITESTAGE_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    v.word[i] = numbers[first + 2 * i] | (static_cast<std::uint32_t>(numbers[first + 2 * i + 1]) << 16);
  }
  return v;
}

}  // namespace litestage::kernels
