// Weights of every type and inputs, for tests of matrix products.
#pragma once

#include <cstddef>
#include <cstring>
#include <random>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage::test {

// Byte offsets of the halves that scale a block, the minimum first, or of its exponent, or of its one number.
[[nodiscard]] inline std::vector<std::size_t> scales_of(DType of) {
  return with_type(of, []<DType type>() -> std::vector<std::size_t> {
    if constexpr (info(type).quantised()) {
      using Block = typename DiskBlock<type>::Type;
      if constexpr (requires(Block b) { b.m; }) return {offsetof(Block, m), offsetof(Block, d)};
      if constexpr (requires(Block b) { b.dmin; }) return {offsetof(Block, dmin), offsetof(Block, d)};
      if constexpr (requires(Block b) { b.d; }) return {offsetof(Block, d)};
    }
    return {0};  // an exponent comes first too
  });
}

// A matrix whose codes and sub-scales are random bits, so that every code and both signs occur, with scales of a usual
// size. The data starts at an odd address, as it may in a mapped file.
struct RandomWeight {
  std::vector<std::byte> storage;
  RawTensor raw;

  RandomWeight(DType type, std::size_t rows, std::size_t columns, unsigned seed) {
    std::mt19937 random(seed);
    const std::size_t size = rows * row_bytes(type, columns);
    storage.resize(size + 1);
    for (std::byte& b : storage) b = static_cast<std::byte>(random() & 255);
    raw = RawTensor{"random", type, rows, columns, storage.data() + 1};
    std::byte* data = storage.data() + 1;
    std::normal_distribution<float> normal;
    const auto put_half = [&](std::size_t at) {
      const f16 h = to_f16(0.02f * normal(random));
      std::memcpy(data + at, &h, sizeof(h));
    };
    const std::vector<std::size_t> scales = scales_of(type);
    for (std::size_t at = 0; at < size; at += info(type).block_bytes) {
      const float value = normal(random);
      const bf16 short_value = to_bf16(value);
      if (type == DType::f32)
        std::memcpy(data + at, &value, sizeof(value));
      else if (type == DType::bf16)
        std::memcpy(data + at, &short_value, sizeof(short_value));
      else if (info(type).coding.power_scale)
        data[at] = static_cast<std::byte>(118 + random() % 6);
      else
        for (const std::size_t scale : scales) put_half(at + scale);
    }
  }
};

// The largest minimum that such a weight may subtract: 63 dmin with dmin = 0.02 * 5 sigma for two of the K types;
// offsets and single minimums of the other quantised types are below five sigma.
[[nodiscard]] inline double largest_min(DType type) {
  if (!info(type).quantised()) return 0;
  return info(type).super_blocks() && info(type).coding.has_min ? 6.3 : 0.1;
}

inline std::vector<float> random_inputs(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(size);
  for (float& v : x) v = normal(random);
  return x;
}

}  // namespace litestage::test
