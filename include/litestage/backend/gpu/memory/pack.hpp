// Repacks weights of a file into the units that the kernels read (kernels/products/weights.cuh). Rows are packed
// independently, so that a matrix can be packed and uploaded in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/kernels/products/weights.cuh"

namespace litestage::gpu {

// The sizes of a packed row.
struct RowSizes {
  std::size_t units = 0;
  std::size_t vectors = 0;  // of codes, 16 bytes each: units times the vectors of a unit
  std::size_t scales = 0;   // 16-bit numbers
  std::size_t subs = 0;     // sub-scales, pairs of bytes

  [[nodiscard]] std::size_t bytes() const { return vectors * 16 + scales * 2 + subs * 2; }
};
[[nodiscard]] inline RowSizes row_sizes(DType type, std::size_t columns) {
  const kernels::Format f = kernels::format_of(type);
  RowSizes sizes;
  sizes.units = (columns + f.unit_columns - 1) / f.unit_columns;
  sizes.vectors = sizes.units * f.unit_vectors;
  if (!f.quantised()) return sizes;
  sizes.scales = (columns + f.scale_columns() - 1) / f.scale_columns() * (f.has_min ? 2 : 1);
  if (f.super_blocks) sizes.subs = columns / kernels::block_columns;
  return sizes;
}

// Packed rows of a matrix.
struct PackedRows {
  std::vector<kernels::Vector16> codes;
  std::vector<std::uint16_t> scales, sub;
};

namespace detail {

// Stores the codes of block `b` of a unit in the vectors of the unit; vector v is unit[v * stride].
inline void put_codes(kernels::Vector16* unit, std::size_t stride, unsigned b, const kernels::Format& f,
                      const std::uint8_t (&code)[32]) {
  for (unsigned j = 0; j < 32; ++j) {
    const unsigned half = j / 16, i = j % 16 / 4, byte = 8 * (j % 4);
    const std::uint32_t c = code[j];
    if (f.code_bits == 8) {
      unit[half * stride].word[i] |= ((c - 128u) & 0xffu) << byte;
      continue;
    }
    if (f.code_bits < 4) {
      unit[b / 2 * stride].word[b % 2 * 2 + half] |= (c & 3u) << (byte + 2 * i);
    } else {
      unit[b * stride].word[i] |= (c & 0x0fu) << (byte + 4 * half);
    }
    if (f.code_bits == 3 || f.code_bits == 5) {
      unit[(f.unit_vectors - 1) * stride].word[b] |= (c >> (f.code_bits - 1)) << (byte + i + 4 * half);
    }
    if (f.code_bits == 6) unit[2 * stride].word[2 * b + half] |= (c >> 4) << (byte + 2 * i);
  }
}

template <class Block>
void put_scales(const Block& block, std::uint16_t* scales) {
  if constexpr (requires { block.d; })
    scales[0] = block.d.bits;
  else
    scales[0] = to_bf16(scale_of(block)).bits;  // exact: a power of two
  if constexpr (requires { block.m; }) scales[1] = block.m.bits;
  if constexpr (requires { block.dmin; }) scales[1] = block.dmin.bits;
}
[[nodiscard]] inline std::uint16_t pair_of_bytes(int low, int high) {
  return static_cast<std::uint16_t>((static_cast<unsigned>(low) & 0xffu) |
                                    ((static_cast<unsigned>(high) & 0xffu) << 8));
}
template <DType type>
void put_sub_scales(const typename DiskBlock<type>::Type& block, std::uint16_t* sub) {
  constexpr kernels::Format f = kernels::format_of(type);
  for (int s = 0; s < 8; ++s) {
    const SubScale first = sub_scale(block, f.half_scales ? 2 * s : s);
    if constexpr (f.half_scales) {
      const SubScale second = sub_scale(block, 2 * s + 1);
      sub[s] = pair_of_bytes(first.scale | (first.min << 4), second.scale | (second.min << 4));
    } else {
      sub[s] = pair_of_bytes(first.scale, first.min);
    }
  }
}

template <DType type>
void pack_quantised_row(const std::byte* row, std::size_t columns, const RowSizes& sizes, kernels::Vector16* codes_at,
                        std::uint16_t* scales, std::uint16_t* sub) {
  constexpr kernels::Format f = kernels::format_of(type);
  constexpr std::size_t in_block = f.scale_columns() / 32;  // runs of 32 columns in a block of the file
  std::uint8_t code[f.scale_columns()];
  for (std::size_t i = 0; i < columns / f.scale_columns(); ++i) {
    const auto block = load_block<typename DiskBlock<type>::Type>(row, i);
    codes(block, code);
    put_scales(block, scales + i * (f.has_min ? 2 : 1));
    if constexpr (f.super_blocks) put_sub_scales<type>(block, sub + i * 8);
    for (std::size_t k = 0; k < in_block; ++k) {
      const std::size_t b = i * in_block + k;
      std::uint8_t of_block[32];
      std::memcpy(of_block, code + k * 32, sizeof(of_block));
      put_codes(codes_at + b / f.unit_blocks(), sizes.units, static_cast<unsigned>(b % f.unit_blocks()), f, of_block);
    }
  }
}

}  // namespace detail

// Packs rows [first, first + n) of `raw`.
[[nodiscard]] inline PackedRows pack_rows(const RawTensor& raw, std::size_t first, std::size_t n) {
  const RowSizes sizes = row_sizes(raw.type, raw.columns);
  PackedRows packed;
  packed.codes.assign(n * sizes.vectors, kernels::Vector16{});
  packed.scales.assign(n * sizes.scales, 0);
  packed.sub.assign(n * sizes.subs, 0);
  for (std::size_t r = 0; r < n; ++r) {
    kernels::Vector16* codes_at = packed.codes.data() + r * sizes.vectors;
    with_type(raw.type, [&]<DType type>() {
      if constexpr (kernels::format_of(type).quantised()) {
        detail::pack_quantised_row<type>(raw.row(first + r), raw.columns, sizes, codes_at,
                                         packed.scales.data() + r * sizes.scales, packed.sub.data() + r * sizes.subs);
      } else {
        std::memcpy(static_cast<void*>(codes_at), raw.row(first + r), row_bytes(raw.type, raw.columns));
      }
    });
  }
  return packed;
}

}  // namespace litestage::gpu
