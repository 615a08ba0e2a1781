// Scalar arithmetic with the same bits on the device and on the host. The only exception is `exponential`.
#pragma once

#include <cmath>
#include <cstdint>

#include "litestage/kernels/simt.cuh"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#else
#include <bit>

#include "litestage/core/numeric.hpp"
#endif

namespace litestage::kernels {

#if defined(__CUDACC__)
LITESTAGE_DEVICE float float_of_bits(std::uint32_t bits) {
  return __uint_as_float(bits);
}
LITESTAGE_DEVICE std::uint32_t bits_of(float value) {
  return __float_as_uint(value);
}
// Conversions from and to IEEE binary16, passed as bits; rounding is to nearest, ties to even.
LITESTAGE_DEVICE float half_to_float(std::uint32_t bits) {
  return __half2float(__ushort_as_half(static_cast<unsigned short>(bits)));
}
LITESTAGE_DEVICE std::uint16_t float_to_half(float value) {
  return __half_as_ushort(__float2half_rn(value));
}
LITESTAGE_DEVICE std::uint16_t float_to_bf16(float value) {
  return __bfloat16_as_ushort(__float2bfloat16_rn(value));
}
// Returns its argument. Keeps the compiler from computing values that depend on it before a loop and holding them in
// registers.
LITESTAGE_DEVICE unsigned recomputed(unsigned value) {
  asm volatile("" : "+r"(value));
  return value;
}
// Adds the products of four pairs of signed bytes to c.
LITESTAGE_DEVICE int dot4(std::uint32_t a, std::uint32_t b, int c) {
  return __dp4a(static_cast<int>(a), static_cast<int>(b), c);
}
// Byte i of the result is byte s of `low` (0 to 3) and `high` (4 to 7), where s, below 8, is nibble i of `selector`.
LITESTAGE_DEVICE std::uint32_t select_bytes(std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
  return __byte_perm(low, high, selector);
}
#else
inline float float_of_bits(std::uint32_t bits) {
  return std::bit_cast<float>(bits);
}
inline std::uint32_t bits_of(float value) {
  return std::bit_cast<std::uint32_t>(value);
}
inline float half_to_float(std::uint32_t bits) {
  return to_float(f16{static_cast<std::uint16_t>(bits)});
}
inline std::uint16_t float_to_half(float value) {
  return to_f16(value).bits;
}
inline std::uint16_t float_to_bf16(float value) {
  return to_bf16(value).bits;
}
inline unsigned recomputed(unsigned value) {
  return value;
}
inline int dot4(std::uint32_t a, std::uint32_t b, int c) {
  for (int shift = 0; shift < 32; shift += 8) {
    c += static_cast<std::int8_t>(a >> shift) * static_cast<std::int8_t>(b >> shift);
  }
  return c;
}
inline std::uint32_t select_bytes(std::uint32_t low, std::uint32_t high, std::uint32_t selector) {
  const std::uint64_t both = (static_cast<std::uint64_t>(high) << 32) | low;
  std::uint32_t selected = 0;
  for (unsigned i = 0; i < 4; ++i) {
    selected |= (static_cast<std::uint32_t>(both >> (8 * ((selector >> (4 * i)) & 7u))) & 0xffu) << (8 * i);
  }
  return selected;
}
#endif

LITESTAGE_DEVICE float bf16_to_float(std::uint32_t bits) {
  return float_of_bits(bits << 16);
}

// 1 / sqrt(mean), where mean is the mean square of a row. NaN if the mean overflowed, because a factor of 0 would look
// like a valid result.
LITESTAGE_DEVICE float norm_factor(float mean) {
  const float factor = 1.0f / sqrtf(mean);
  return factor == 0.0f ? float_of_bits(0x7fc00000u) : factor;
}

// Within two units in the last place on the device (CUDA C++ Programming Guide, expf without fast math).
LITESTAGE_DEVICE float exponential(float x) {
  return expf(x);
}

}  // namespace litestage::kernels
