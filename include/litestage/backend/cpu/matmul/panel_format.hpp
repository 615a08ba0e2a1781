// The memory layout of weights for the kernels: panels of 16 rows, each one linear stream, because a core reads one
// stream at 25..29 GB/s and several rows in parallel at 10..13 (AMD Zen 4, 2 MiB pages).
//
// Quantised types: a panel is a sequence of groups (32 columns; 256 for types with blocks of 256). A group is
//     d [16] f16, or exponents [16] of 8 bits (MXFP4: d = 2^(e - 128)); then m (or dmin) [16] f16 if there are
//     minimums; blocks of 256: sub-scales [256 / sub_columns][16] of 8 bits, then likewise sub-minimums if there are
//     minimums (Q2_K: a byte has both, the sub-scale in the low nibble); blocks of 32 columns: codes, code_bytes each.
// The codes of a block form 8 vectors of 64 bytes: byte 4 r + j of vector v is column 4 v + j of row r. One dot-product
// instruction thus multiplies four activations with a vector, and has the 16 rows in its 16 lanes. Codes of different
// widths are stored as
//     8 bits: the 8 vectors;
//     4 bits: 4 x 64 bytes, vector v in the low nibbles of part v, vector v + 4 in the high ones;
//     5 bits: first 64 bytes, whose bit v is the fifth bit of vector v, then as 4 bits;
//     6 bits: first 2 x 64 bytes; bits 2 (v % 4) and up of part v / 4 are the upper two of vector v; then as 4 bits;
//     2 bits: 2 x 64 bytes, as the upper two bits of 6;
//     3 bits: 3 x 64 bytes; part p has vector 3 p in bits 0 to 2 and vector 3 p + 1 in bits 3 to 5; bits 6 and 7 of
//     part 0
//             are the lower two of vector 2, those of part 1 the lower two of vector 5, and those of part 2 the third
//             bits of vectors 2 and 5: to unpack a vector takes at most two shifts.
// Codes that stand for the numbers of a table are stored as codes; kernels look them up as they unpack them.
// All instruction sets use this layout, and their kernels give the same result to the bit.
//
// F32, F16, BF16: [columns][16] in the type of the file.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "litestage/core/quant_blocks.hpp"

namespace litestage::cpu {

inline constexpr std::size_t panel_rows = 16;
inline constexpr std::size_t block_columns = 32;  // columns of a block of codes, and of activations

// Properties of a quantised type. w = scale (number - offset) - or + min. The number is the code; or, if there is a
// table, its entry plus an offset that makes it unsigned.
struct PanelTraits {
  int code_bits = 8;
  int number_bits = 8;
  int offset_shift = -1;  // offset = 1 << offset_shift; -1: none
  bool has_min = false;
  bool super_blocks = false;     // d (and dmin) for 256 columns, 8-bit factors for each sub-block
  std::size_t sub_columns = 32;  // columns with one scale
  bool has_table = false;
  bool power_scale = false;

  [[nodiscard]] constexpr std::size_t group_columns() const { return super_blocks ? 256 : 32; }
  [[nodiscard]] constexpr std::size_t group_blocks() const { return group_columns() / block_columns; }
  [[nodiscard]] constexpr std::size_t code_bytes() const { return 64u * code_bits; }
  // Whether a sub-scale and its sub-minimum, of 4 bits each, share a byte.
  [[nodiscard]] constexpr bool paired_subs() const { return has_min && sub_columns == 16; }
  // Bytes of one factor of every sub-block of a group.
  [[nodiscard]] constexpr std::size_t sub_bytes() const { return super_blocks ? 16 * (256 / sub_columns) : 0; }
  // Offsets of the parts of a group.
  [[nodiscard]] constexpr std::size_t sub_scales_at() const { return has_min ? 64 : power_scale ? 16 : 32; }
  [[nodiscard]] constexpr std::size_t sub_mins_at() const { return sub_scales_at() + sub_bytes(); }
  [[nodiscard]] constexpr std::size_t codes_at() const {
    return sub_mins_at() + (has_min && !paired_subs() ? sub_bytes() : 0);
  }
  [[nodiscard]] constexpr std::size_t group_bytes() const { return codes_at() + group_blocks() * code_bytes(); }
};

[[nodiscard]] constexpr bool is_float(DType type) {
  return !info(type).quantised();
}

// The number of bits of the entries of a table, with their sign.
[[nodiscard]] constexpr int table_bits(const Coding& coding) {
  int bits = 1;
  for (int i = 0; i < 16; ++i) {
    const int number = coding.numbers[i];
    while (number >= 1 << (bits - 1) || number < -(1 << (bits - 1))) ++bits;
  }
  return bits;
}

[[nodiscard]] constexpr PanelTraits panel_traits_of(DType type) {
  if (is_float(type)) return {};
  const Coding& coding = info(type).coding;
  const bool table = coding.numbers != nullptr;
  const int number_bits = table ? table_bits(coding) : coding.bits;
  const int offset = table ? 1 << (number_bits - 1) : coding.offset;
  return {.code_bits = coding.bits,
          .number_bits = number_bits,
          .offset_shift = static_cast<int>(std::bit_width(static_cast<unsigned>(offset))) - 1,
          .has_min = coding.has_min,
          .super_blocks = info(type).super_blocks(),
          .sub_columns = static_cast<std::size_t>(coding.scale_columns),
          .has_table = table,
          .power_scale = coding.power_scale};
}
template <DType type>
inline constexpr PanelTraits panel_traits = panel_traits_of(type);

// Every column of a block belongs to one of its sections, which have their own scales: one section of 32 columns, or
// two of 16.
template <DType type>
inline constexpr int sections = static_cast<int>(block_columns / panel_traits<type>.sub_columns);

// The unsigned numbers of a table.
template <DType type>
inline constexpr std::array<std::uint8_t, 16> panel_table = [] {
  std::array<std::uint8_t, 16> table{};
  for (int i = 0; i < 16; ++i) {
    table[i] = static_cast<std::uint8_t>(info(type).coding.number(i) + (1 << panel_traits<type>.offset_shift));
  }
  return table;
}();

// Bytes of a packed panel of `columns` columns.
[[nodiscard]] inline std::size_t panel_bytes(DType type, std::size_t columns) {
  if (is_float(type)) return columns * panel_rows * info(type).block_bytes;
  return with_type(
      type, [columns]<DType t>() { return columns / panel_traits<t>.group_columns() * panel_traits<t>.group_bytes(); });
}

}  // namespace litestage::cpu
