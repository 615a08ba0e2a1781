// The layout of a matrix in device memory, and functions that read its numbers.
//
// A row is divided into units; a unit is what one thread reads at a time. The codes of a unit are whole vectors of 16
// bytes, and vector v of all units of a row is stored contiguously, so that neighbouring threads read neighbouring
// vectors. Scales are stored in separate arrays.
//     codes   [rows][vectors per unit][units] of 16 bytes
//     scales  [rows][blocks][1, or 2 with the minimum] f16, MXFP4 bf16; of types with blocks of 256 in the file:
//             [rows][columns / 256][...]
//     sub     of those only: [rows][blocks][2] bytes: scale and minimum of 32 columns; Q6_K and Q3_K: scales of the
//     first
//             16 and the second 16; Q2_K: scale and minimum of the first 16 and of the second 16, 4 bits each
// A block is 32 columns. The last unit of a row is padded with zeros, so that no kernel needs a special case for it.
//
//     type            columns of a unit  vectors  holding
//     F32             4                  1
//     F16, BF16       8                  1
//     Q8_0            32                 2        signed bytes in order
//     Q4_0 Q4_1 Q4_K  32                 1        byte j: low bits of column j, high bits of column 16 + j; IQ4_NL,
//                                                 IQ4_XS and MXFP4 too: kernels look the codes up as they unpack them
//     Q5_0 Q5_1 Q5_K  128                5        four of those, then the fifth bits, a word per 32 columns: byte j,
//                                                 bit i is that of column 4 i + j
//     Q6_K            64                 3        two of those, then the upper two bits, two words per 32 columns: of
//                                                 columns 0..15 and 16..31; byte j, bits 2 i and up: column 4 i + j
//     Q2_K            64                 1        two times two such words
//     Q3_K            128                3        two of those, then the third bits, as the fifth of Q5_K
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/core/dtype.hpp"
#include "litestage/kernels/products/code_tables.cuh"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

inline constexpr unsigned block_columns = 32;

// The layout of a type. w = scale * (code - offset) + minimum; codes with a table become its numbers when unpacked.
struct Format {
  unsigned code_bits = 0;     // 0: not quantised
  unsigned unit_columns = 0;  // columns per unit
  unsigned unit_vectors = 0;  // vectors of 16 bytes that hold the codes of a unit
  int offset = 0;             // of codes as they are unpacked: signed ones have none
  bool has_min = false;
  bool super_blocks = false;  // scales for 256 columns, sub-scales for a block
  bool half_scales = false;   // two scales in a block, for 16 columns each
  bool signed_codes = false;  // as they are unpacked
  bool has_table = false;
  bool power_scale = false;  // scales are bf16

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
           .half_scales = coding.scale_columns == 16,
           .signed_codes = coding.bits == 8 || coding.numbers != nullptr,
           .has_table = coding.numbers != nullptr,
           .power_scale = coding.power_scale};
  switch (coding.bits) {
    case 0:
      f.unit_columns = 16 / static_cast<unsigned>(entry.block_bytes), f.unit_vectors = 1;
      break;
    case 2:
      f.unit_columns = 64, f.unit_vectors = 1;
      break;
    case 3:
      f.unit_columns = 128, f.unit_vectors = 3;
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
  float minimum = 0;         // added to every number; with half scales to those of the first 16 columns
  float second_minimum = 0;  // with half scales: added to those of the second 16 columns
};

// Multiplies a scale of 256 columns by the sub-scales of a block.
template <DType type>
LITESTAGE_DEVICE void apply_sub_scales(BlockScale& s, std::uint32_t two) {
  constexpr Format f = format_of(type);
  if constexpr (f.half_scales && f.has_min) {
    s.second = s.first * static_cast<float>((two >> 8) & 15u);
    s.first *= static_cast<float>(two & 15u);
    s.second_minimum = s.minimum * -static_cast<float>(two >> 12);
    s.minimum *= -static_cast<float>((two >> 4) & 15u);
  } else if constexpr (f.half_scales) {
    s.second = s.first * static_cast<float>(static_cast<std::int8_t>(two >> 8));
    s.first *= static_cast<float>(static_cast<std::int8_t>(two & 0xffu));
  } else if constexpr (f.has_min) {  // the products are exact: 11 bits times 6
    s.first *= static_cast<float>(two & 0xffu);
    s.second = s.first;
    s.minimum *= -static_cast<float>(two >> 8);
  } else {
    s.first *= static_cast<float>(static_cast<std::int8_t>(two & 0xffu));
    s.second = s.first;
  }
}

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
    s.first = f.power_scale ? bf16_to_float(t.load(at)) : half_to_float(t.load(at));
  }
  s.second = s.first;
  if constexpr (f.super_blocks) {
    apply_sub_scales<type>(s, t.load(w.sub + static_cast<std::size_t>(row) * groups * 8 + block));
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
    } else if constexpr (f.code_bits < 4) {
      c.word[i] = (unit[b / 2].word[b % 2 * 2] >> (2 * i)) & 0x03030303u;
      c.word[i + 4] = (unit[b / 2].word[b % 2 * 2 + 1] >> (2 * i)) & 0x03030303u;
    } else if constexpr (f.has_table) {
      const LowHigh numbers = look_up<type>(unit[b].word[i]);
      c.word[i] = numbers.low;
      c.word[i + 4] = numbers.high;
    } else {
      const std::uint32_t nibbles = unit[b].word[i];
      c.word[i] = nibbles & 0x0f0f0f0fu;
      c.word[i + 4] = (nibbles >> 4) & 0x0f0f0f0fu;
    }
    if constexpr (f.code_bits == 3 || f.code_bits == 5) {
      const std::uint32_t upper = unit[f.unit_vectors - 1].word[b];
      c.word[i] |= ((upper >> i) & 0x01010101u) << (f.code_bits - 1);
      c.word[i + 4] |= ((upper >> (i + 4)) & 0x01010101u) << (f.code_bits - 1);
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
