// Quantised blocks as stored in model files, and their exact meaning: `dequantize_row` is the reference that every
// kernel is tested against. Layouts and formulas: ggml-org/llama.cpp ggml/src/ggml-common.h and ggml-quants.c (facts of
// the file format).
#pragma once

#include <bit>
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

// Sixteen sub-blocks of 16: w = d * sc * q - dmin * mn; sc is the low nibble of its byte in `scales`, mn the high one
struct BlockQ2K {
  std::uint8_t scales[16];
  std::uint8_t qs[64];  // 128 elements in 32 bytes: bits 2 r and 2 r + 1 of byte j are element 32 r + j of them
  f16 d, dmin;
};
// Sixteen sub-blocks of 16: w = d * (sc - 32) * (q - 4), with sc of six bits packed in `scales`
struct BlockQ3K {
  std::uint8_t hmask[32];  // bit r of byte j is the third bit of element 32 r + j
  std::uint8_t qs[64];     // the lower two bits, as in Q2_K
  std::uint8_t scales[12];
  f16 d;
};
// w = d * iq4_numbers[q]; nibbles as in Q4_0
struct BlockIQ4NL {
  f16 d;
  std::uint8_t qs[16];
};
// Eight sub-blocks of 32: w = d * (sc - 32) * iq4_numbers[q]; the 16 bytes of a sub-block as in Q4_0
struct BlockIQ4XS {
  f16 d;
  std::uint16_t scales_h;    // bits 2 s and 2 s + 1 are the upper bits of sc of sub-block s
  std::uint8_t scales_l[4];  // the lower four: a low nibble for an even s, a high one for an odd s
  std::uint8_t qs[128];
};
// w = 2^(e - 128) * doubled_e2m1[q]; nibbles as in Q4_0
struct BlockMXFP4 {
  std::uint8_t e;
  std::uint8_t qs[16];
};

// Maps a type to the struct of its blocks. Its members are found by name: the scale d, or the exponent e of one that is
// a power of two; the minimum m, or in blocks of 256 dmin.
template <DType type>
struct DiskBlock;
template <class Block>
struct IsBlock {
  using Type = Block;
};
template <>
struct DiskBlock<DType::q8_0> : IsBlock<BlockQ8_0> {};
template <>
struct DiskBlock<DType::q4_0> : IsBlock<BlockQ4_0> {};
template <>
struct DiskBlock<DType::q4_1> : IsBlock<BlockQ4_1> {};
template <>
struct DiskBlock<DType::q5_0> : IsBlock<BlockQ5_0> {};
template <>
struct DiskBlock<DType::q5_1> : IsBlock<BlockQ5_1> {};
template <>
struct DiskBlock<DType::q4_k> : IsBlock<BlockQ4K> {};
template <>
struct DiskBlock<DType::q5_k> : IsBlock<BlockQ5K> {};
template <>
struct DiskBlock<DType::q6_k> : IsBlock<BlockQ6K> {};
template <>
struct DiskBlock<DType::q2_k> : IsBlock<BlockQ2K> {};
template <>
struct DiskBlock<DType::q3_k> : IsBlock<BlockQ3K> {};
template <>
struct DiskBlock<DType::iq4_nl> : IsBlock<BlockIQ4NL> {};
template <>
struct DiskBlock<DType::iq4_xs> : IsBlock<BlockIQ4XS> {};
template <>
struct DiskBlock<DType::mxfp4> : IsBlock<BlockMXFP4> {};

// The scale of a block, exact.
template <class Block>
[[nodiscard]] float scale_of(const Block& block) {
  if constexpr (requires { block.d; }) return to_float(block.d);
  // Powers below 2^-126 are subnormal floats.
  else
    return std::bit_cast<float>(block.e < 2 ? 0x00200000u << block.e : (block.e - 1u) << 23);
}

// The integers that scale and minimum of a block of 256 are multiplied by in its sub-block s.
struct SubScale {
  int scale = 0, min = 0;
};
[[nodiscard]] inline SubScale sub_scale(const std::uint8_t (&packed)[12], int s) {  // Q4_K and Q5_K, of six bits
  if (s < 4) return {packed[s] & 63, packed[s + 4] & 63};
  return {(packed[s + 4] & 0x0f) | ((packed[s - 4] >> 6) << 4), (packed[s + 4] >> 4) | ((packed[s] >> 6) << 4)};
}
[[nodiscard]] inline SubScale sub_scale(const BlockQ4K& b, int s) {
  return sub_scale(b.scales, s);
}
[[nodiscard]] inline SubScale sub_scale(const BlockQ5K& b, int s) {
  return sub_scale(b.scales, s);
}
[[nodiscard]] inline SubScale sub_scale(const BlockQ6K& b, int s) {
  return {b.scales[s]};
}
[[nodiscard]] inline SubScale sub_scale(const BlockQ2K& b, int s) {
  return {b.scales[s] & 15, b.scales[s] >> 4};
}
[[nodiscard]] inline SubScale sub_scale(const BlockQ3K& b, int s) {
  const int low = s < 8 ? b.scales[s] & 15 : b.scales[s - 8] >> 4, high = (b.scales[8 + s % 4] >> (s / 4 * 2)) & 3;
  return {low + 16 * high - 32};
}
[[nodiscard]] inline SubScale sub_scale(const BlockIQ4XS& b, int s) {
  const int low = (b.scales_l[s / 2] >> (s % 2 * 4)) & 15, high = (b.scales_h >> (2 * s)) & 3;
  return {low + 16 * high - 32};
}

// The integer codes of one block, unsigned; what they mean is in dtype_table. Only these functions know the bit
// layouts: dequantisation and the packing of weights for all kernels use them.
inline void codes(const BlockQ8_0& b, std::uint8_t* out) {
  for (int j = 0; j < 32; ++j) out[j] = static_cast<std::uint8_t>(b.qs[j] + 128);
}
template <class Block>  // Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4
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

inline void two_bit_codes(const std::uint8_t (&qs)[64], std::uint8_t* out) {
  for (int i = 0; i < 256; ++i) {
    out[i] = static_cast<std::uint8_t>((qs[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2)) & 3);
  }
}
inline void codes(const BlockQ2K& b, std::uint8_t* out) {
  two_bit_codes(b.qs, out);
}
inline void codes(const BlockQ3K& b, std::uint8_t* out) {
  two_bit_codes(b.qs, out);
  for (int i = 0; i < 256; ++i) {
    out[i] = static_cast<std::uint8_t>(out[i] | (((b.hmask[i % 32] >> (i / 32)) & 1) << 2));
  }
}
inline void codes(const BlockIQ4XS& b, std::uint8_t* out) {
  for (int i = 0; i < 128; ++i) {
    std::uint8_t* o = out + i / 16 * 32 + i % 16;
    o[0] = b.qs[i] & 0x0f;
    o[16] = b.qs[i] >> 4;
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
