// The memory layout of weights for the kernels: panels of 16 rows, each one linear stream, because a core reads one
// stream at 25..29 GB/s and several rows in parallel at 10..13 (AMD Zen 4, 2 MiB pages).
//
// Quantised types: a panel is a sequence of groups (32 columns; 256 for the K types). A group is
//     d [16] f16, then m (or dmin) [16] f16 if the type has minimums;
//     K types: sub-scales [256 / sub_columns][16] of 8 bits, then sub-minimums [8][16] if the type has minimums;
//     blocks of 32 columns: codes, code_bytes each.
// The codes of a block form 8 vectors of 64 bytes: byte 4 r + j of vector v is column 4 v + j of row r. One dot-product
// instruction thus multiplies four activations with a vector, and has the 16 rows in its 16 lanes. Codes of different
// widths are stored as
//     8 bits: the 8 vectors;
//     4 bits: 4 x 64 bytes, vector v in the low nibbles of part v, vector v + 4 in the high ones;
//     5 bits: first 64 bytes, whose bit v is the fifth bit of vector v, then as 4 bits;
//     6 bits: first 2 x 64 bytes; bits 2 (v % 4) and up of part v / 4 are the upper two of vector v; then as 4 bits.
// All instruction sets use this layout, and their kernels give the same result to the bit.
//
// F32, F16, BF16: [columns][16] in the type of the file.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "litestage/core/quant_blocks.hpp"

namespace litestage::cpu {

inline constexpr std::size_t panel_rows = 16;
inline constexpr std::size_t block_columns = 32;  // columns of a block of codes, and of activations

// Properties of a quantised type. w = scale (code - offset) - or + min.
struct PanelTraits {
  int code_bits = 8;
  int offset_shift = -1;  // offset = 1 << offset_shift; -1: none
  bool has_min = false;
  bool super_blocks = false;     // K types: d (and dmin) for 256 columns, 8-bit factors for each sub-block
  std::size_t sub_columns = 32;  // columns with one scale

  [[nodiscard]] constexpr std::size_t group_columns() const { return super_blocks ? 256 : 32; }
  [[nodiscard]] constexpr std::size_t group_blocks() const { return group_columns() / block_columns; }
  [[nodiscard]] constexpr std::size_t code_bytes() const { return 64u * static_cast<std::size_t>(code_bits); }
  // Offsets of the parts of a group.
  [[nodiscard]] constexpr std::size_t sub_scales_at() const { return has_min ? 64 : 32; }
  [[nodiscard]] constexpr std::size_t sub_mins_at() const {
    return sub_scales_at() + (super_blocks ? 16 * (256 / sub_columns) : 0);
  }
  [[nodiscard]] constexpr std::size_t codes_at() const { return sub_mins_at() + (super_blocks && has_min ? 128 : 0); }
  [[nodiscard]] constexpr std::size_t group_bytes() const { return codes_at() + group_blocks() * code_bytes(); }
};

[[nodiscard]] constexpr bool is_float(DType type) {
  return !info(type).quantised();
}

[[nodiscard]] constexpr PanelTraits panel_traits_of(DType type) {
  if (is_float(type)) return {};
  const Coding& coding = info(type).coding;
  const int shift = static_cast<int>(std::bit_width(static_cast<unsigned>(coding.offset))) - 1;
  return {coding.bits, shift, coding.has_min, info(type).super_blocks(),
          static_cast<std::size_t>(coding.scale_columns)};
}
template <DType type>
inline constexpr PanelTraits panel_traits = panel_traits_of(type);

// Bytes of a packed panel of `columns` columns.
[[nodiscard]] inline std::size_t panel_bytes(DType type, std::size_t columns) {
  if (is_float(type)) return columns * panel_rows * info(type).block_bytes;
  return with_type(
      type, [columns]<DType t>() { return columns / panel_traits<t>.group_columns() * panel_traits<t>.group_bytes(); });
}

}  // namespace litestage::cpu
