// Packs rows of a file into a panel that the kernels read (panel_format.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/panel_format.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage::cpu {

namespace detail {

// Copies four codes at a time: word v of a row's 32 codes belongs to vector v. `row` is the row's index in the panel.
template <int bits>
void interleave_codes(const std::uint8_t* codes, std::size_t row, std::byte* block) {
  std::uint32_t word[8];
  std::memcpy(word, codes, sizeof(word));
  const auto put = [&](std::size_t part, std::uint32_t value) {
    std::memcpy(block + part * 64 + row * 4, &value, sizeof(value));
  };
  if constexpr (bits == 8) {
    for (std::size_t v = 0; v < 8; ++v) put(v, word[v]);
    return;
  }
  if constexpr (bits == 3) {
    const auto two_and_lower = [&](int v) { return word[v] | (word[v + 1] << 3) | ((word[v + 2] & 0x03030303u) << 6); };
    put(0, two_and_lower(0));
    put(1, two_and_lower(3));
    put(2, word[6] | (word[7] << 3) | ((word[2] & 0x04040404u) << 4) | ((word[5] & 0x04040404u) << 5));
    return;
  }
  std::size_t part = 0;
  if constexpr (bits == 5) {
    std::uint32_t fifth = 0;
    for (int v = 0; v < 8; ++v) fifth |= ((word[v] >> 4) & 0x01010101u) << v;
    put(part++, fifth);
  }
  if constexpr (bits == 6 || bits == 2) {  // the upper two of 6
    for (int half = 0; half < 2; ++half) {
      std::uint32_t two = 0;
      for (int v = 0; v < 4; ++v) two |= ((word[half * 4 + v] >> (bits == 6 ? 4 : 0)) & 0x03030303u) << (2 * v);
      put(part++, two);
    }
  }
  if constexpr (bits >= 4) {
    for (std::size_t v = 0; v < 4; ++v) put(part++, (word[v] & 0x0f0f0f0fu) | ((word[v + 4] & 0x0f0f0f0fu) << 4));
  }
}

// Packs the sub-scales and sub-minimums of one row of a group.
template <DType type>
void pack_factors(const typename DiskBlock<type>::Type& disk, std::size_t row, std::byte* group) {
  constexpr PanelTraits traits = panel_traits<type>;
  for (std::size_t s = 0; s < 256 / traits.sub_columns; ++s) {
    const SubScale sub = sub_scale(disk, static_cast<int>(s));
    const std::size_t at = s * panel_rows + row;
    group[traits.sub_scales_at() + at] =
        static_cast<std::byte>(traits.paired_subs() ? sub.scale | sub.min << 4 : sub.scale);
    if constexpr (traits.has_min && !traits.paired_subs()) {
      group[traits.sub_mins_at() + at] = static_cast<std::byte>(sub.min);
    }
  }
}

// Packs one row of one group.
template <DType type>
void pack_group(const typename DiskBlock<type>::Type& disk, std::size_t row, std::byte* group) {
  constexpr PanelTraits traits = panel_traits<type>;
  if constexpr (traits.power_scale) {
    group[row] = std::byte{disk.e};
  } else {
    std::memcpy(group + row * 2, &disk.d, 2);
  }
  if constexpr (requires { disk.m; }) std::memcpy(group + 32 + row * 2, &disk.m, 2);
  if constexpr (requires { disk.dmin; }) std::memcpy(group + 32 + row * 2, &disk.dmin, 2);
  if constexpr (traits.super_blocks) pack_factors<type>(disk, row, group);
  std::uint8_t code[traits.group_columns()];
  codes(disk, code);
  for (std::size_t b = 0; b < traits.group_blocks(); ++b) {
    interleave_codes<traits.code_bits>(code + b * block_columns, row,
                                       group + traits.codes_at() + b * traits.code_bytes());
  }
}

template <class Stored>
void pack_floats(const RawTensor& raw, std::size_t first, std::size_t rows, std::byte* panel) {
  for (std::size_t r = 0; r < rows; ++r) {
    const std::byte* source = raw.row(first + r);
    for (std::size_t k = 0; k < raw.columns; ++k) {
      std::memcpy(panel + (k * panel_rows + r) * sizeof(Stored), source + k * sizeof(Stored), sizeof(Stored));
    }
  }
}

}  // namespace detail

// Packs rows 16 index ... of `raw` into `panel` [panel_bytes(type, columns)]. Rows beyond the last are zero.
inline void pack_panel(const RawTensor& raw, std::size_t index, std::byte* panel) {
  const std::size_t first = index * panel_rows;
  const std::size_t rows = raw.rows - first < panel_rows ? raw.rows - first : panel_rows;
  if (rows < panel_rows) std::memset(panel, 0, panel_bytes(raw.type, raw.columns));
  with_type(raw.type, [&]<DType type>() {
    if constexpr (type == DType::f32) {
      detail::pack_floats<std::uint32_t>(raw, first, rows, panel);
    } else if constexpr (is_float(type)) {
      detail::pack_floats<std::uint16_t>(raw, first, rows, panel);
    } else {
      using Block = typename DiskBlock<type>::Type;
      constexpr PanelTraits traits = panel_traits<type>;
      for (std::size_t r = 0; r < rows; ++r) {
        const std::byte* source = raw.row(first + r);
        for (std::size_t g = 0; g < raw.columns / traits.group_columns(); ++g) {
          detail::pack_group<type>(load_block<Block>(source, g), r, panel + g * traits.group_bytes());
        }
      }
    }
  });
}

}  // namespace litestage::cpu
