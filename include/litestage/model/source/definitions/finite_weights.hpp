// Finds weights that are not finite.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/model/source/finite_weights.hpp"

namespace litestage {

namespace detail {

// Whether all of `n` floating-point numbers are finite. Infinity and NaN have all bits of `exponent` set. Works in
// pieces of a fixed size, which compilers vectorise.
template <class Bits>
[[nodiscard]] bool all_finite(const std::byte* numbers, std::size_t n, Bits exponent) {
  constexpr std::size_t piece = 32;
  Bits bits[piece];
  for (; n > 0; numbers += sizeof(bits)) {
    const std::size_t count = n < piece ? n : piece;
    if (count < piece) std::memset(bits, 0, sizeof(bits));
    std::memcpy(bits, numbers, count * sizeof(Bits));
    Bits broken = 0;
    for (std::size_t i = 0; i < piece; ++i) {
      broken = static_cast<Bits>(broken | ((bits[i] & exponent) == exponent ? 1 : 0));
    }
    if (broken != 0) return false;
    n -= count;
  }
  return true;
}

// Above 0x7fff if the half at `at` is infinite or NaN.
[[nodiscard]] inline std::uint32_t broken_half(const std::byte* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof(bits));
  return (bits & 0x7c00u) + 0x0400u;
}

// The largest exponent of MXFP4 with which all weights are finite as floats: 12 * 2^(252 - 128).
inline constexpr std::uint32_t largest_exponent = 252;
// Above 0x7fff if the exponent at `at` is larger.
[[nodiscard]] inline std::uint32_t broken_exponent(const std::byte* at) {
  return (static_cast<std::uint32_t>(*at) + 255 - largest_exponent) << 7;
}

// Reads only the scales, and has no branch per block, because nearly all files are valid.
template <class Block>
[[nodiscard]] bool scales_finite(const std::byte* block, std::size_t n) {
  std::uint32_t broken = 0;
  for (; n > 0; --n, block += sizeof(Block)) {
    if constexpr (requires(Block b) { b.e; }) broken |= broken_exponent(block + offsetof(Block, e));
    if constexpr (requires(Block b) { b.d; }) broken |= broken_half(block + offsetof(Block, d));
    if constexpr (requires(Block b) { b.m; }) broken |= broken_half(block + offsetof(Block, m));
    if constexpr (requires(Block b) { b.dmin; }) broken |= broken_half(block + offsetof(Block, dmin));
  }
  return broken < 0x8000u;
}

[[nodiscard]] inline bool row_finite(DType of, const std::byte* row, std::size_t columns) {
  return with_type(of, [&]<DType type>() {
    if constexpr (type == DType::f32)
      return all_finite<std::uint32_t>(row, columns, 0x7f800000u);
    else if constexpr (type == DType::f16)
      return all_finite<std::uint16_t>(row, columns, 0x7c00u);
    else if constexpr (type == DType::bf16)
      return all_finite<std::uint16_t>(row, columns, 0x7f80u);
    else
      return scales_finite<typename DiskBlock<type>::Type>(row, columns / info(type).block_size);
  });
}

// Throws the Error for row r, which has an exponent above the largest.
[[noreturn]] inline void refuse_exponent(const RawTensor& tensor, std::size_t r, std::string_view source) {
  const std::size_t blocks = tensor.columns / info(tensor.type).block_size;
  std::size_t b = 0;
  const auto exponent = [&] { return int{load_block<BlockMXFP4>(tensor.row(r), b).e}; };
  while (b + 1 < blocks && exponent() <= int{largest_exponent}) ++b;
  throw Error(concat(source, ": tensor ", tensor.name, " (", name(tensor.type), "): found the exponent ", exponent(),
                     " in row ", r, ", column ", b * info(tensor.type).block_size, ", expected 0 to ", largest_exponent,
                     ", which give finite weights"));
}

}  // namespace detail

LITESTAGE_INLINE void check_finite(const RawTensor& tensor, std::string_view source) {
  for (std::size_t r = 0; r < tensor.rows; ++r) {
    if (detail::row_finite(tensor.type, tensor.row(r), tensor.columns)) continue;
    if (info(tensor.type).coding.power_scale) detail::refuse_exponent(tensor, r, source);
    std::vector<double> weights(tensor.columns);
    dequantize_row(tensor.type, tensor.row(r), weights.data(), tensor.columns);
    std::size_t c = 0;
    while (c + 1 < tensor.columns && std::isfinite(weights[c])) ++c;
    throw Error(concat(source, ": tensor ", tensor.name, " (", name(tensor.type), "): found ", weights[c], " in row ",
                       r, ", column ", c, ", expected finite weights"));
  }
}

}  // namespace litestage
