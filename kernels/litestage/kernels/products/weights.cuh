// A matrix as it lies in device memory, and how its numbers are read.
//
// A row is cut into units, the columns that one thread takes at a time. The codes of a unit are whole vectors of 16
// bytes, and vector v of all units of a row lies in one piece: neighbouring threads read neighbouring vectors, always
// 16 bytes each. Scales lie apart, they are small.
//     codes   [rows][vectors of a unit][units] of 16 bytes
//     scales  [rows][blocks][1, or 2 with the minimum] f16; K types: [rows][columns / 256][...]
//     sub     K types only: [rows][blocks][2] bytes: scale and minimum of 32 columns; Q6_K: scales of the first 16 and
//             the second 16
// A block is 32 columns. The last unit of a row is filled up with zeros: no kernel has to look at the end of a row.
//
//     type            columns of a unit  vectors  holding
//     F32             4                  1
//     F16, BF16       8                  1
//     Q8_0            32                 2        signed bytes in order
//     Q4_0 Q4_1 Q4_K  32                 1        byte j: low bits of column j, high bits of column 16 + j
//     Q5_0 Q5_1 Q5_K  128                5        four of those, then the fifth bits, a word for each 32 columns: byte
//                                                 j, bit i is that of column 4 i + j
//     Q6_K            64                 3        two of those, then the upper two bits, two words for each 32 columns:
//                                                 of columns 0..15 and 16..31; byte j, bits 2 i and up: column 4 i + j
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/core/dtype.hpp"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

inline constexpr unsigned block_columns = 32;

// Facts of a type. w = scale * (code - offset) + minimum.
struct Format {
  unsigned code_bits = 0;  // 0: not quantised
  unsigned unit_columns = 0, unit_vectors = 0;
  int offset = 0;
  bool has_min = false;
  bool super_blocks = false;  // K types

  LITESTAGE_HOST_DEVICE constexpr bool quantised() const { return code_bits != 0; }
  LITESTAGE_HOST_DEVICE constexpr unsigned unit_blocks() const { return unit_columns / block_columns; }
  LITESTAGE_HOST_DEVICE constexpr unsigned scale_columns() const { return super_blocks ? 256u : 32u; }
};

LITESTAGE_HOST_DEVICE constexpr Format format_of(DType type) {
  switch (type) {
    case DType::f32:
      return {0, 4, 1, 0, false, false};
    case DType::f16:
    case DType::bf16:
      return {0, 8, 1, 0, false, false};
    case DType::q8_0:
      return {8, 32, 2, 0, false, false};
    case DType::q4_0:
      return {4, 32, 1, 8, false, false};
    case DType::q4_1:
      return {4, 32, 1, 0, true, false};
    case DType::q5_0:
      return {5, 128, 5, 16, false, false};
    case DType::q5_1:
      return {5, 128, 5, 0, true, false};
    case DType::q4_k:
      return {4, 32, 1, 0, true, true};
    case DType::q5_k:
      return {5, 128, 5, 0, true, true};
    case DType::q6_k:
      return {6, 64, 3, 32, false, true};
  }
  return {};
}

struct Matrix {
  DType type = DType::f32;
  unsigned rows = 0, columns = 0;
  unsigned units = 0;  // of a row
  const Vector16* codes = nullptr;
  const std::uint16_t* scales = nullptr;
  const std::uint16_t* sub = nullptr;  // two bytes each

  [[nodiscard]] bool empty() const { return codes == nullptr; }
  friend bool operator==(const Matrix&, const Matrix&) = default;
};

// What 32 columns of a row are multiplied with. Q6_K has two scales, of 16 columns each.
struct BlockScale {
  float first = 0, second = 0;
  float minimum = 0;  // added to every element
};

template <DType type, class C>
LITESTAGE_DEVICE BlockScale block_scale(C& t, const Matrix& w, unsigned row, unsigned block) {
  constexpr Format f = format_of(type);
  constexpr unsigned stored = f.has_min ? 2 : 1;
  const unsigned groups = (w.columns + f.scale_columns() - 1) / f.scale_columns();
  const unsigned group = f.super_blocks ? block / 8 : block;
  // A unit of several groups may end past the row. What is there is multiplied with zeros, so any scale will do; and no
  // branch keeps the loads of what follows from being issued early.
  const unsigned kept = f.unit_columns > f.scale_columns() && group >= groups ? groups - 1 : group;
  const std::uint16_t* at = w.scales + static_cast<std::size_t>(row) * groups * stored + kept * stored;
  BlockScale s;
  if constexpr (f.has_min) {
    const std::uint32_t both = t.load(reinterpret_cast<const std::uint32_t*>(at));
    s.first = half_to_float(both & 0xffffu);
    s.minimum = half_to_float(both >> 16);
  } else {
    s.first = half_to_float(t.load(at));
  }
  s.second = s.first;
  if constexpr (f.super_blocks) {
    const std::uint32_t two = t.load(w.sub + static_cast<std::size_t>(row) * groups * 8 + block);
    if constexpr (type == DType::q6_k) {
      s.second = s.first * static_cast<float>(static_cast<std::int8_t>(two >> 8));
      s.first *= static_cast<float>(static_cast<std::int8_t>(two & 0xffu));
    } else {  // exact: 11 bits by 6
      s.first *= static_cast<float>(two & 0xffu);
      s.second = s.first;
      s.minimum *= -static_cast<float>(two >> 8);
    }
  }
  return s;
}

// The codes of 32 columns: word i holds columns 4 i to 4 i + 3, a byte each.
struct Codes {
  std::uint32_t word[8];
};

// Those of block `b` of a unit, from its vectors.
template <DType type>
LITESTAGE_DEVICE Codes unpack(const Vector16 (&unit)[format_of(type).unit_vectors], unsigned b) {
  constexpr Format f = format_of(type);
  Codes c;
  LITESTAGE_UNROLL
  for (unsigned i = 0; i < 4; ++i) {
    if constexpr (f.code_bits == 8) {
      c.word[i] = unit[0].word[i];
      c.word[i + 4] = unit[1].word[i];
    } else {
      const std::uint32_t nibbles = unit[b].word[i];
      c.word[i] = nibbles & 0x0f0f0f0fu;
      c.word[i + 4] = (nibbles >> 4) & 0x0f0f0f0fu;
    }
    if constexpr (f.code_bits == 5) {
      const std::uint32_t fifth = unit[4].word[b];
      c.word[i] |= ((fifth >> i) & 0x01010101u) << 4;
      c.word[i + 4] |= ((fifth >> (i + 4)) & 0x01010101u) << 4;
    }
    if constexpr (f.code_bits == 6) {
      c.word[i] |= ((unit[2].word[2 * b] >> (2 * i)) & 0x03030303u) << 4;
      c.word[i + 4] |= ((unit[2].word[2 * b + 1] >> (2 * i)) & 0x03030303u) << 4;
    }
  }
  return c;
}

// Element e of a vector of F32, F16 or BF16.
template <DType type>
LITESTAGE_DEVICE float element(const Vector16& v, unsigned e) {
  if constexpr (type == DType::f32) {
    return float_of_bits(v.word[e]);
  } else {
    const std::uint32_t bits = (v.word[e / 2] >> (16 * (e % 2))) & 0xffffu;
    return type == DType::f16 ? half_to_float(bits) : bf16_to_float(bits);
  }
}

}  // namespace litestage::kernels
