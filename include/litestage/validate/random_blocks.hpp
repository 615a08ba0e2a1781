// Makes random weights directly in the type in which they are stored: random codes and sub-scales, and scales that give
// the numbers the wanted size. This takes only the time of the random generator; quantising random floats would take
// minutes per model.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/split_mix64.hpp"

namespace litestage::validation {

// The sum of four uniform numbers in place of a normal one: mean 0, variance 1.
[[nodiscard]] inline float roughly_normal(SplitMix64& random) {
  const std::uint64_t bits = random.draw();
  float sum = 0;
  for (int i = 0; i < 4; ++i) sum += static_cast<float>(bits >> (16 * i) & 0xffffu) * 0x1p-16f;
  return (sum - 2) * 1.7320508f;
}

// Sets the scale of a block near `d`. Types with a minimum get one that moves the mean near zero; the scale of other
// types gets a random sign, unless it is a power of two, which has none.
template <DType type, class Block>
void set_scales(Block& block, float d, SplitMix64& random) {
  const std::uint64_t bits = random.draw();
  d *= 0.5f + static_cast<float>(bits >> 40) * 0x1p-24f;
  constexpr float mean_code = static_cast<float>((1 << info(type).coding.bits) - 1) / 2;
  if constexpr (requires { block.e; }) {
    block.e = static_cast<std::uint8_t>(128 + std::clamp(std::ilogb(d), -128, 124));
  } else {
    if constexpr (requires { block.m; })
      block.m = to_f16(-mean_code * d);
    else if constexpr (requires { block.dmin; })
      block.dmin = to_f16(mean_code * d);
    else if ((bits & 1) != 0)
      d = -d;
    block.d = to_f16(d);
  }
}

template <DType type>
void random_quantised(std::byte* data, std::size_t n, float d, SplitMix64& random) {
  using Block = typename DiskBlock<type>::Type;
  for (std::size_t i = 0; i < n; ++i, data += sizeof(Block)) {
    std::uint64_t bits[(sizeof(Block) + 7) / 8];
    for (std::uint64_t& word : bits) word = random.draw();
    Block block;
    std::memcpy(&block, bits, sizeof(Block));
    set_scales<type>(block, d, random);
    std::memcpy(data, &block, sizeof(Block));
  }
}

// Writes `n` random numbers of this type to `data`, with the standard deviation `spread`. `mean` only affects types
// that are not quantised.
inline void random_blocks(DType type, std::byte* data, std::size_t n, float spread, float mean, SplitMix64& random) {
  with_type(type, [&]<DType t>() {
    if constexpr (info(t).block_size == 1) {
      for (std::size_t i = 0; i < n; ++i, data += info(t).block_bytes) {
        const float value = std::fma(spread, roughly_normal(random), mean);
        const f16 half = to_f16(value);
        const bf16 brain = to_bf16(value);
        const void* from = t == DType::f32   ? static_cast<const void*>(&value)
                           : t == DType::f16 ? static_cast<const void*>(&half)
                                             : static_cast<const void*>(&brain);
        std::memcpy(data, from, info(t).block_bytes);
      }
    } else {
      using Block = typename DiskBlock<t>::Type;
      // The root mean square of numbers whose scale is 1, from a sample.
      constexpr std::size_t samples = 64;
      std::vector<std::byte> unit(samples * sizeof(Block));
      std::vector<float> values(samples * info(t).block_size);
      random_quantised<t>(unit.data(), samples, 1, random);
      dequantize_row(t, unit.data(), values.data(), values.size());
      double squares = 0;
      for (const float v : values) squares += static_cast<double>(v) * static_cast<double>(v);
      const double size = std::sqrt(squares / static_cast<double>(values.size()));
      random_quantised<t>(data, n, static_cast<float>(spread / size), random);
    }
  });
}

}  // namespace litestage::validation
