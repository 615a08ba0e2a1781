// Quantisers of blocks of 32 weights, and the choice of a quantiser.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/numeric.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/quantise/quantise.hpp"
#include "litestage/core/quantise/rounding.hpp"
#include "litestage/core/quantise/super_blocks.hpp"

namespace litestage {

namespace detail {

struct NamedQuantiser {
  std::string_view name;
  DType type;
};
inline constexpr std::array<NamedQuantiser, 4> named_quantisers = {
    {{"q8_0", DType::q8_0}, {"q4_0", DType::q4_0}, {"q4_k", DType::q4_k}, {"q6_k", DType::q6_k}}};

[[nodiscard]] inline BlockQ8_0 quantised_q8_0(const float* x) {
  BlockQ8_0 block{};
  const float d = std::fabs(quantisers::signed_largest(x, 32)) / 127, inverse = quantisers::reciprocal(d);
  block.d = to_f16(d);
  for (int j = 0; j < 32; ++j)
    block.qs[j] = static_cast<std::int8_t>(quantisers::bounded(std::round(x[j] * inverse), -127, 127));
  return block;
}

// Q4_0 with codes of 0 to 15, Q5_0 with codes of 0 to 31: the element of largest magnitude has the code 0.
template <class Block, int half>
[[nodiscard]] Block quantised_centred(const float* x) {
  Block block{};
  const float d = quantisers::signed_largest(x, 32) / -half, inverse = quantisers::reciprocal(d);
  block.d = to_f16(d);
  for (int j = 0; j < 32; ++j) {
    const int code =
        quantisers::bounded(x[j] * inverse + (static_cast<float>(half) + 0.5f), 0, 2 * half - 1);  // cuts digits off
    const int shift = j < 16 ? 0 : 4;
    block.qs[j % 16] = static_cast<std::uint8_t>(block.qs[j % 16] | ((code & 15) << shift));
    if constexpr (requires { block.qh; })
      block.qh[j / 8] = static_cast<std::uint8_t>(block.qh[j / 8] | ((code >> 4) << (j % 8)));
  }
  return block;
}

}  // namespace detail

LITESTAGE_INLINE std::optional<DType> quantiser_named(std::string_view name) {
  for (const detail::NamedQuantiser& quantiser : detail::named_quantisers) {
    if (quantiser.name == name) return quantiser.type;
  }
  return std::nullopt;
}

LITESTAGE_INLINE std::string quantiser_names() {
  std::string list;
  for (std::size_t i = 0; i < detail::named_quantisers.size(); ++i) {
    list += i == 0 ? "" : i + 1 == detail::named_quantisers.size() ? " or " : ", ";
    list += detail::named_quantisers[i].name;
  }
  return list;
}

LITESTAGE_INLINE std::optional<DType> fitting_type(DType wanted, std::size_t columns) {
  if (columns % info(wanted).block_size == 0) return wanted;
  if (columns % 32 != 0) return std::nullopt;
  return wanted == DType::q4_k ? DType::q5_0 : DType::q8_0;
}

LITESTAGE_INLINE void write_quantised(DType type, const float* row, std::byte* out, std::size_t columns) {
  const DTypeInfo& format = info(type);
  LITESTAGE_ASSERT(columns % format.block_size == 0, columns, " columns in blocks of ", format.block_size);
  const auto put = [&](const auto& block, std::byte* to) {
    LITESTAGE_ASSERT(sizeof(block) == format.block_bytes, sizeof(block));
    std::memcpy(to, &block, sizeof(block));
  };
  for (std::size_t i = 0; i < columns; i += format.block_size, out += format.block_bytes) {
    const float* x = row + i;
    if (type == DType::q8_0)
      put(detail::quantised_q8_0(x), out);
    else if (type == DType::q4_0)
      put(detail::quantised_centred<BlockQ4_0, 8>(x), out);
    else if (type == DType::q5_0)
      put(detail::quantised_centred<BlockQ5_0, 16>(x), out);
    else if (type == DType::q4_k)
      put(quantisers::q4_k(x), out);
    else if (type == DType::q6_k)
      put(quantisers::q6_k(x), out);
    else
      LITESTAGE_ASSERT(false, "no quantiser for ", format.name);
  }
}

}  // namespace litestage
