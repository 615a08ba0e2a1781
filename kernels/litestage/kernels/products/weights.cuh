// The layout of a matrix in device memory, and functions that read its numbers.
//
// A row is divided into units; a unit is what one thread reads at a time. The codes of a unit are whole vectors of 16
// bytes, and vector v of all units of a row is stored contiguously, so that neighbouring threads read neighbouring
// vectors. Scales are stored in separate arrays.
//     codes   [rows][vectors per unit][units] of 16 bytes
//     scales  [rows][blocks][1, or 2 with the minimum] f16; K types: [rows][columns / 256][...]
//     sub     K types only: [rows][blocks][2] bytes: scale and minimum of 32 columns; Q6_K: scales of the first 16 and
//             the second 16
// A block is 32 columns. The last unit of a row is padded with zeros, so that no kernel needs a special case for it.
//
//     type            columns of a unit  vectors  holding
//     F32             4                  1
//     F16, BF16       8                  1
//     Q8_0            32                 2        signed bytes in order
//     Q4_0 Q4_1 Q4_K  32                 1        byte j: low bits of column j, high bits of column 16 + j
//     Q5_0 Q5_1 Q5_K  128                5        four of those, then the fifth bits, a word per 32 columns: byte j,
//                                                 bit i is that of column 4 i + j
//     Q6_K            64                 3        two of those, then the upper two bits, two words per 32 columns: of
//                                                 columns 0..15 and 16..31; byte j, bits 2 i and up: column 4 i + j
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/core/dtype.hpp"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

inline constexpr unsigned block_columns = 32;

// The layout of a type. w = scale * (code - offset) + minimum.
struct Format {
  unsigned code_bits = 0;     // 0: not quantised
  unsigned unit_columns = 0;  // columns per unit
  unsigned unit_vectors = 0;  // vectors of 16 bytes that hold the codes of a unit
  int offset = 0;             // of codes as they are stored: signed ones have none
  bool has_min = false;
  bool super_blocks = false;  // K types
  bool half_scales = false;   // two scales in a block, for 16 columns each

  LITESTAGE_HOST_DEVICE constexpr bool quantised() const { return code_bits != 0; }
  LITESTAGE_HOST_DEVICE constexpr unsigned unit_blocks() const { return unit_columns / block_columns; }
  LITESTAGE_HOST_DEVICE constexpr unsigned scale_columns() const { return super_blocks ? 256u : 32u; }
};

// Device code calls it in constant expressions only: the table is in host memory.
constexpr Format format_of(DType type) {
  const DTypeInfo& entry = info(type);
  const Coding& coding = entry.coding;
  Format f{.code_bits = static_cast<unsigned>(coding.bits),
           .offset = coding.bits == 8 ? 0 : coding.offset,
           .has_min = coding.has_min,
           .super_blocks = entry.super_blocks(),
           .half_scales = coding.scale_columns == 16};
  switch (coding.bits) {
    case 0:
      f.unit_columns = 16 / static_cast<unsigned>(entry.block_bytes), f.unit_vectors = 1;
      break;
    case 5:
      f.unit_columns = 128, f.unit_vectors = 5;
      break;
    case 6:
      f.unit_columns = 64, f.unit_vectors = 3;
      break;
    default:  // 4 and 8
      f.unit_columns = 32, f.unit_vectors = f.code_bits / 4;
  }
  return f;
}

struct Matrix {
  DType type = DType::f32;
  unsigned rows = 0, columns = 0;
  unsigned units = 0;  // per row
  const Vector16* codes = nullptr;
  const std::uint16_t* scales = nullptr;
  const std::uint16_t* sub = nullptr;  // two bytes per block

  [[nodiscard]] bool empty() const { return codes == nullptr; }
  friend bool operator==(const Matrix&, const Matrix&) = default;
};

// The scales of a block of 32 columns. Types without half scales have first = second.
struct BlockScale {
  float first = 0, second = 0;
  float minimum = 0;  // added to every number
};

template <DType type, class C>
LITESTAGE_DEVICE BlockScale block_scale(C& t, const Matrix& w, unsigned row, unsigned block) {
  constexpr Format f = format_of(type);
  constexpr unsigned stored = f.has_min ? 2 : 1;
  const unsigned groups = (w.columns + f.scale_columns() - 1) / f.scale_columns();
  const unsigned group = f.super_blocks ? block / 8 : block;
  // A unit of several groups may extend past the row. Its columns there are multiplied with zeros, so any scale will
  // do; a branch would keep later loads from being issued early.
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
    if constexpr (f.half_scales) {
      s.second = s.first * static_cast<float>(static_cast<std::int8_t>(two >> 8));
      s.first *= static_cast<float>(static_cast<std::int8_t>(two & 0xffu));
    } else {  // the products are exact: 11 bits times 6
      s.first *= static_cast<float>(two & 0xffu);
      s.second = s.first;
      s.minimum *= -static_cast<float>(two >> 8);
    }
  }
  return s;
}

// The codes of 32 columns: word i holds columns 4 i to 4 i + 3, one byte each.
struct Codes {
  std::uint32_t word[8];
};

// The codes of block `b` of a unit.
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
