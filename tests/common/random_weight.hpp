// Weights of every type and inputs, for tests of matrix products.
#pragma once

#include <cstring>
#include <random>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage::test {

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
    const DTypeInfo& entry = info(type);
    for (std::size_t at = 0; at < size; at += entry.block_bytes) {
      const float value = normal(random);
      switch (type) {
        case DType::f32:
          std::memcpy(data + at, &value, sizeof(value));
          break;
        case DType::bf16: {
          const bf16 short_value = to_bf16(value);
          std::memcpy(data + at, &short_value, sizeof(short_value));
          break;
        }
        case DType::q4_1:
        case DType::q5_1:
        case DType::q4_k:
        case DType::q5_k:
          put_half(at + 2);
          put_half(at);
          break;
        case DType::q6_k:
          put_half(at + 208);
          break;
        default:  // f16, q8_0, q4_0, q5_0
          put_half(at);
      }
    }
  }
};

// The largest minimum that such a weight may subtract: 63 dmin with dmin = 0.02 * 5 sigma for two of the K types;
// offsets and single minimums of the other quantised types are below five sigma.
[[nodiscard]] inline double largest_min(DType type) {
  if (type == DType::f32 || type == DType::f16 || type == DType::bf16) return 0;
  return type == DType::q4_k || type == DType::q5_k ? 6.3 : 0.1;
}

inline std::vector<float> random_inputs(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> x(size);
  for (float& v : x) v = normal(random);
  return x;
}

}  // namespace litestage::test
