// Quantised blocks as stored in model files, and their exact meaning: `dequantize_row` is the reference that every
// kernel is tested against. Layouts and formulas: ggml-org/llama.cpp ggml/src/ggml-common.h and ggml-quants.c (facts of
// the file format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/core/compiled.hpp"
#include "litestage/core/dtype.hpp"
#include "litestage/core/numeric.hpp"

namespace litestage {

// w = d * q
struct BlockQ8_0 {
  f16 d;
  std::int8_t qs[32];
};
// w = d * (q - 8); the low nibble of qs[j] is element j, the high nibble element j + 16
struct BlockQ4_0 {
  f16 d;
  std::uint8_t qs[16];
};
// w = d * q + m; nibbles as in Q4_0
struct BlockQ4_1 {
  f16 d, m;
  std::uint8_t qs[16];
};
// w = d * (q - 16); bit j of qh is the fifth bit of element j
struct BlockQ5_0 {
  f16 d;
  std::uint8_t qh[4];
  std::uint8_t qs[16];
};
// w = d * q + m; bits as in Q5_0
struct BlockQ5_1 {
  f16 d, m;
  std::uint8_t qh[4];
  std::uint8_t qs[16];
};
// Eight sub-blocks of 32: w = d * sc * q - dmin * mn, with sc and mn of six bits packed in `scales`
struct BlockQ4K {
  f16 d, dmin;
  std::uint8_t scales[12];
  std::uint8_t qs[128];  // 64 elements in 32 bytes: low nibbles are the first 32, high nibbles the second
};
// As Q4K, with the fifth bits in qh: bit s of qh[j] belongs to element j of sub-block s
struct BlockQ5K {
  f16 d, dmin;
  std::uint8_t scales[12];
  std::uint8_t qh[32];
  std::uint8_t qs[128];
};
// Sixteen sub-blocks of 16: w = d * sc * (q - 32)
struct BlockQ6K {
  std::uint8_t ql[128];
  std::uint8_t qh[64];
  std::int8_t scales[16];
  f16 d;
};

// Maps a type to the struct of its blocks. Its members are found by name: the scale d; the minimum m, or in blocks of
// 256 dmin; and there `scales`, packed as in Q4_K if there is a minimum, and otherwise a signed byte each.
template <DType type>
struct DiskBlock;
template <>
struct DiskBlock<DType::q8_0> {
  using Type = BlockQ8_0;
};
template <>
struct DiskBlock<DType::q4_0> {
  using Type = BlockQ4_0;
};
template <>
struct DiskBlock<DType::q4_1> {
  using Type = BlockQ4_1;
};
template <>
struct DiskBlock<DType::q5_0> {
  using Type = BlockQ5_0;
};
template <>
struct DiskBlock<DType::q5_1> {
  using Type = BlockQ5_1;
};
template <>
struct DiskBlock<DType::q4_k> {
  using Type = BlockQ4K;
};
template <>
struct DiskBlock<DType::q5_k> {
  using Type = BlockQ5K;
};
template <>
struct DiskBlock<DType::q6_k> {
  using Type = BlockQ6K;
};

// Scale and minimum of one sub-block of a Q4_K or Q5_K block.
struct SubScale {
  std::uint8_t scale, min;  // both 0..63
};
[[nodiscard]] inline SubScale sub_scale(const std::uint8_t (&packed)[12], int s) {
  if (s < 4) return {static_cast<std::uint8_t>(packed[s] & 63), static_cast<std::uint8_t>(packed[s + 4] & 63)};
  return {static_cast<std::uint8_t>((packed[s + 4] & 0x0f) | ((packed[s - 4] >> 6) << 4)),
          static_cast<std::uint8_t>((packed[s + 4] >> 4) | ((packed[s] >> 6) << 4))};
}

// The integer codes of one block, unsigned; what they mean is in dtype_table. Only these functions know the bit
// layouts: dequantisation and the packing of weights for all kernels use them.
inline void codes(const BlockQ8_0& b, std::uint8_t* out) {
  for (int j = 0; j < 32; ++j) out[j] = static_cast<std::uint8_t>(b.qs[j] + 128);
}
template <class Block>  // Q4_0, Q4_1, Q5_0, Q5_1
void codes(const Block& b, std::uint8_t* out) {
  std::uint32_t fifth = 0;
  if constexpr (requires { b.qh; }) std::memcpy(&fifth, b.qh, 4);
  for (int j = 0; j < 16; ++j) {
    out[j] = static_cast<std::uint8_t>((b.qs[j] & 0x0f) | (((fifth >> j) & 1u) << 4));
    out[j + 16] = static_cast<std::uint8_t>((b.qs[j] >> 4) | (((fifth >> (j + 16)) & 1u) << 4));
  }
}
inline void codes(const BlockQ4K& b, std::uint8_t* out) {
  for (int s = 0; s < 8; ++s) {
    for (int j = 0; j < 32; ++j) {
      const std::uint8_t byte = b.qs[(s / 2) * 32 + j];
      out[s * 32 + j] = (s % 2 == 0) ? (byte & 0x0f) : (byte >> 4);
    }
  }
}
inline void codes(const BlockQ5K& b, std::uint8_t* out) {
  for (int s = 0; s < 8; ++s) {
    for (int j = 0; j < 32; ++j) {
      const std::uint8_t byte = b.qs[(s / 2) * 32 + j];
      const int low = (s % 2 == 0) ? (byte & 0x0f) : (byte >> 4);
      out[s * 32 + j] = static_cast<std::uint8_t>(low | (((b.qh[j] >> s) & 1) << 4));
    }
  }
}
inline void codes(const BlockQ6K& b, std::uint8_t* out) {
  for (int half = 0; half < 2; ++half) {
    for (int j = 0; j < 32; ++j) {
      const std::uint8_t* ql = b.ql + half * 64;
      const std::uint8_t high = b.qh[half * 32 + j];
      std::uint8_t* o = out + half * 128 + j;
      o[0] = static_cast<std::uint8_t>((ql[j] & 0x0f) | ((high & 3) << 4));
      o[32] = static_cast<std::uint8_t>((ql[j + 32] & 0x0f) | (((high >> 2) & 3) << 4));
      o[64] = static_cast<std::uint8_t>((ql[j] >> 4) | (((high >> 4) & 3) << 4));
      o[96] = static_cast<std::uint8_t>((ql[j + 32] >> 4) | (((high >> 6) & 3) << 4));
    }
  }
}

// A copy of block `index` of a row, because blocks in a file are not aligned.
template <class Block>
[[nodiscard]] Block load_block(const std::byte* row, std::size_t index) {
  Block block;
  std::memcpy(&block, row + index * sizeof(Block), sizeof(Block));
  return block;
}

// Dequantises a row of `columns` elements: out[j] = w_j. Every product and sum is exact in double; in float the only
// rounding is the final one of each element.
void dequantize_row(DType type, const std::byte* row, float* out, std::size_t columns);
void dequantize_row(DType type, const std::byte* row, double* out, std::size_t columns);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/core/definitions/quant_blocks.hpp"
#endif
