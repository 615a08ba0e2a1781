// Simple quantisers for tests: a dequantised element is within half a step of its sub-block (plus the rounding of the
// stored scales). They round to nearest and, unlike the tools that make real files, search for no better rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "litestage/core/quant_blocks.hpp"

namespace litestage::test {

[[nodiscard]] inline int nearest_code(float value, float step, int low, int high) {
  if (step == 0) return std::clamp(0, low, high);
  return std::clamp(static_cast<int>(std::lround(value / step)), low, high);
}

[[nodiscard]] inline float largest_magnitude(const float* x, int n) {
  float largest = 0;
  for (int j = 0; j < n; ++j) largest = std::max(largest, std::fabs(x[j]));
  return largest;
}

// Code j of a block of 32 in nibbles and, where the block has them, fifth bits.
template <class Block>
void put_code(Block& block, int j, int code) {
  block.qs[j % 16] = static_cast<std::uint8_t>(block.qs[j % 16] | ((code & 15) << (j < 16 ? 0 : 4)));
  if constexpr (requires { block.qh; }) {
    block.qh[j / 8] = static_cast<std::uint8_t>(block.qh[j / 8] | ((code >> 4) << (j % 8)));
  }
}

inline BlockQ8_0 quantise_q8_0(const float* x) {
  BlockQ8_0 block{};
  block.d = to_f16(largest_magnitude(x, 32) / 127);
  for (int j = 0; j < 32; ++j) {
    block.qs[j] = static_cast<std::int8_t>(nearest_code(x[j], to_float(block.d), -127, 127));
  }
  return block;
}

// Q4_0 (levels 16) and Q5_0 (levels 32). The sign of the scale follows the first element: real files have both signs.
template <class Block, int levels>
Block quantise_centred(const float* x) {
  Block block{};
  const float d = largest_magnitude(x, 32) / (0.5f * static_cast<float>(levels - 1));
  block.d = to_f16(std::copysign(d, x[0]));
  for (int j = 0; j < 32; ++j) {
    const int code = nearest_code(x[j], to_float(block.d), -levels / 2, levels / 2 - 1);
    put_code(block, j, code + levels / 2);
  }
  return block;
}

// Q4_1 (levels 16) and Q5_1 (levels 32).
template <class Block, int levels>
Block quantise_with_minimum(const float* x) {
  Block block{};
  const auto [low, high] = std::minmax_element(x, x + 32);
  block.m = to_f16(*low);
  block.d = to_f16((*high - *low) / static_cast<float>(levels - 1));
  for (int j = 0; j < 32; ++j) {
    put_code(block, j, nearest_code(x[j] - to_float(block.m), to_float(block.d), 0, levels - 1));
  }
  return block;
}

// Six-bit scale and minimum of sub-block s, packed as `sub_scale` reads them.
inline void put_sub_scale(std::uint8_t (&packed)[12], int s, int scale, int min) {
  if (s < 4) {
    packed[s] = static_cast<std::uint8_t>(packed[s] | scale);
    packed[s + 4] = static_cast<std::uint8_t>(packed[s + 4] | min);
    return;
  }
  packed[s + 4] = static_cast<std::uint8_t>((scale & 15) | ((min & 15) << 4));
  packed[s - 4] = static_cast<std::uint8_t>(packed[s - 4] | ((scale >> 4) << 6));
  packed[s] = static_cast<std::uint8_t>(packed[s] | ((min >> 4) << 6));
}

// How many `unit`s cover `value`, at most `limit`.
[[nodiscard]] inline int units_covering(float value, float unit, int limit) {
  return unit == 0 ? 0 : std::min(limit, static_cast<int>(std::ceil(value / unit)));
}

// Q4_K (levels 16) and Q5_K (levels 32): minima first, then scales wide enough for what the minima leave.
template <class Block, int levels>
Block quantise_q45k(const float* x) {
  Block block{};
  float below[8], range[8];
  for (int s = 0; s < 8; ++s) below[s] = std::max(0.0f, -*std::min_element(x + 32 * s, x + 32 * s + 32));
  block.dmin = to_f16(*std::max_element(below, below + 8) / 63);
  int min[8];
  for (int s = 0; s < 8; ++s) {
    min[s] = units_covering(below[s], to_float(block.dmin), 63);
    const float shift = to_float(block.dmin) * static_cast<float>(min[s]);
    const float top = *std::max_element(x + 32 * s, x + 32 * s + 32);
    range[s] = std::max(0.0f, top + shift) / static_cast<float>(levels - 1);
  }
  block.d = to_f16(*std::max_element(range, range + 8) / 63);
  for (int s = 0; s < 8; ++s) {
    const int scale = units_covering(range[s], to_float(block.d), 63);
    put_sub_scale(block.scales, s, scale, min[s]);
    const float step = to_float(block.d) * static_cast<float>(scale);
    const float shift = to_float(block.dmin) * static_cast<float>(min[s]);
    for (int j = 0; j < 32; ++j) {
      const int code = nearest_code(x[32 * s + j] + shift, step, 0, levels - 1);
      std::uint8_t& low = block.qs[32 * (s / 2) + j];
      low = static_cast<std::uint8_t>(low | ((code & 15) << (s % 2 == 0 ? 0 : 4)));
      if constexpr (requires { block.qh; }) {
        block.qh[j] = static_cast<std::uint8_t>(block.qh[j] | ((code >> 4) << s));
      }
    }
  }
  return block;
}

// The sign of a sub-block's scale follows its first element: real files have both signs.
inline BlockQ6K quantise_q6k(const float* x) {
  BlockQ6K block{};
  float step[16];
  for (int s = 0; s < 16; ++s) step[s] = largest_magnitude(x + 16 * s, 16) / 31.5f;
  block.d = to_f16(*std::max_element(step, step + 16) / 127);
  for (int i = 0; i < 256; ++i) {
    const int s = i / 16;
    const int scale = units_covering(step[s], to_float(block.d), 127) * (x[16 * s] < 0 ? -1 : 1);
    block.scales[s] = static_cast<std::int8_t>(scale);
    const int code = nearest_code(x[i], to_float(block.d) * static_cast<float>(scale), -32, 31) + 32;
    // Half of 128, then quarter of 32: quarters 0 and 1 are low nibbles, 2 and 3 high ones (see `codes`).
    const int half = i / 128, quarter = i % 128 / 32, j = i % 32;
    std::uint8_t& low = block.ql[64 * half + 32 * (quarter % 2) + j];
    low = static_cast<std::uint8_t>(low | ((code & 15) << (quarter < 2 ? 0 : 4)));
    std::uint8_t& high = block.qh[32 * half + j];
    high = static_cast<std::uint8_t>(high | ((code >> 4) << (2 * quarter)));
  }
  return block;
}

// Two bits of element i of a Q2_K or Q3_K block.
template <class Block>
void put_two_bits(Block& block, int i, int two) {
  std::uint8_t& byte = block.qs[i / 128 * 32 + i % 32];
  byte = static_cast<std::uint8_t>(byte | (two << (i % 128 / 32 * 2)));
}

// As Q4_K, with sub-blocks of 16 and four bits for their scales and minima.
inline BlockQ2K quantise_q2k(const float* x) {
  BlockQ2K block{};
  float below[16], range[16];
  for (int s = 0; s < 16; ++s) below[s] = std::max(0.0f, -*std::min_element(x + 16 * s, x + 16 * s + 16));
  block.dmin = to_f16(*std::max_element(below, below + 16) / 15);
  int min[16];
  for (int s = 0; s < 16; ++s) {
    min[s] = units_covering(below[s], to_float(block.dmin), 15);
    const float top = *std::max_element(x + 16 * s, x + 16 * s + 16);
    range[s] = std::max(0.0f, top + to_float(block.dmin) * static_cast<float>(min[s])) / 3;
  }
  block.d = to_f16(*std::max_element(range, range + 16) / 15);
  for (int s = 0; s < 16; ++s) {
    const int scale = units_covering(range[s], to_float(block.d), 15);
    block.scales[s] = static_cast<std::uint8_t>(scale | (min[s] << 4));
    const float step = to_float(block.d) * static_cast<float>(scale);
    const float shift = to_float(block.dmin) * static_cast<float>(min[s]);
    for (int i = 16 * s; i < 16 * s + 16; ++i) put_two_bits(block, i, nearest_code(x[i] + shift, step, 0, 3));
  }
  return block;
}

// As Q6_K, with scales of six bits.
inline BlockQ3K quantise_q3k(const float* x) {
  BlockQ3K block{};
  float step[16];
  for (int s = 0; s < 16; ++s) step[s] = largest_magnitude(x + 16 * s, 16) / 3.5f;
  block.d = to_f16(*std::max_element(step, step + 16) / 31);
  for (int s = 0; s < 16; ++s) {
    const int scale = units_covering(step[s], to_float(block.d), 31) * (x[16 * s] < 0 ? -1 : 1);
    std::uint8_t &low = block.scales[s % 8], &high = block.scales[8 + s % 4];
    low = static_cast<std::uint8_t>(low | (((scale + 32) & 15) << (s < 8 ? 0 : 4)));
    high = static_cast<std::uint8_t>(high | (((scale + 32) >> 4) << (s / 4 * 2)));
    for (int i = 16 * s; i < 16 * s + 16; ++i) {
      const int code = nearest_code(x[i], to_float(block.d) * static_cast<float>(scale), -4, 3) + 4;
      put_two_bits(block, i, code & 3);
      block.hmask[i % 32] = static_cast<std::uint8_t>(block.hmask[i % 32] | ((code >> 2) << (i / 32)));
    }
  }
  return block;
}

// The code of the number of a table that is nearest to value / scale.
[[nodiscard]] inline int nearest_number(float value, float scale, const std::int8_t* numbers) {
  int nearest = 0;
  for (int code = 1; code < 16; ++code) {
    const auto error = [&](int c) { return std::fabs(value - scale * static_cast<float>(numbers[c])); };
    if (error(code) < error(nearest)) nearest = code;
  }
  return nearest;
}

// Codes of 32 elements in the nibbles of `qs`.
inline void put_numbers(std::uint8_t* qs, const float* x, float scale, const std::int8_t* numbers) {
  for (int j = 0; j < 16; ++j) {
    qs[j] = static_cast<std::uint8_t>(nearest_number(x[j], scale, numbers) |
                                      (nearest_number(x[j + 16], scale, numbers) << 4));
  }
}

inline BlockIQ4NL quantise_iq4nl(const float* x) {
  BlockIQ4NL block{};
  block.d = to_f16(std::copysign(largest_magnitude(x, 32) / 113, x[0]));
  put_numbers(block.qs, x, to_float(block.d), iq4_numbers);
  return block;
}

inline BlockIQ4XS quantise_iq4xs(const float* x) {
  BlockIQ4XS block{};
  float step[8];
  for (int s = 0; s < 8; ++s) step[s] = largest_magnitude(x + 32 * s, 32) / 113;
  block.d = to_f16(*std::max_element(step, step + 8) / 31);
  for (int s = 0; s < 8; ++s) {
    const int scale = units_covering(step[s], to_float(block.d), 31) * (x[32 * s] < 0 ? -1 : 1);
    block.scales_l[s / 2] = static_cast<std::uint8_t>(block.scales_l[s / 2] | (((scale + 32) & 15) << (s % 2 * 4)));
    block.scales_h = static_cast<std::uint16_t>(block.scales_h | (((scale + 32) >> 4) << (2 * s)));
    put_numbers(block.qs + 16 * s, x + 32 * s, to_float(block.d) * static_cast<float>(scale), iq4_numbers);
  }
  return block;
}

inline BlockMXFP4 quantise_mxfp4(const float* x) {
  BlockMXFP4 block{};
  int exponent = 0;
  if (const float largest = largest_magnitude(x, 32); largest > 0) std::frexp(largest / 12, &exponent);
  block.e = static_cast<std::uint8_t>(std::clamp(128 + exponent, 0, 252));
  put_numbers(block.qs, x, scale_of(block), doubled_e2m1);
  return block;
}

// A row of `columns` numbers in the type's on-disk form, [row_bytes(type, columns)].
inline void quantise_row(DType type, const float* x, std::byte* out, std::size_t columns) {
  const DTypeInfo& format = info(type);
  LITESTAGE_ASSERT(columns % format.block_size == 0, columns, " columns in blocks of ", format.block_size);
  for (std::size_t i = 0; i < columns; i += format.block_size, out += format.block_bytes) {
    const auto put = [&](const auto& block) {
      LITESTAGE_ASSERT(sizeof(block) == format.block_bytes);
      std::memcpy(out, &block, sizeof(block));
    };
    const float* b = x + i;
    if (type == DType::f32) put(*b);
    if (type == DType::f16) put(to_f16(*b));
    if (type == DType::bf16) put(to_bf16(*b));
    if (type == DType::q8_0) put(quantise_q8_0(b));
    if (type == DType::q4_0) put(quantise_centred<BlockQ4_0, 16>(b));
    if (type == DType::q5_0) put(quantise_centred<BlockQ5_0, 32>(b));
    if (type == DType::q4_1) put(quantise_with_minimum<BlockQ4_1, 16>(b));
    if (type == DType::q5_1) put(quantise_with_minimum<BlockQ5_1, 32>(b));
    if (type == DType::q4_k) put(quantise_q45k<BlockQ4K, 16>(b));
    if (type == DType::q5_k) put(quantise_q45k<BlockQ5K, 32>(b));
    if (type == DType::q6_k) put(quantise_q6k(b));
    if (type == DType::q2_k) put(quantise_q2k(b));
    if (type == DType::q3_k) put(quantise_q3k(b));
    if (type == DType::iq4_nl) put(quantise_iq4nl(b));
    if (type == DType::iq4_xs) put(quantise_iq4xs(b));
    if (type == DType::mxfp4) put(quantise_mxfp4(b));
  }
}

}  // namespace litestage::test
