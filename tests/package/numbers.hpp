// Numbers whose bits must not depend on how the translation unit that includes this was compiled. In an unnamed
// namespace, so that each translation unit has its own copy; the templates of litestage are shared by the linker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "litestage/litestage.hpp"

namespace {

// Bytes that look random and are the same everywhere.
std::vector<std::byte> random_bytes(std::size_t count, std::uint64_t seed) {
  std::vector<std::byte> bytes(count);
  for (std::byte& b : bytes) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    b = static_cast<std::byte>(seed >> 56);
  }
  return bytes;
}

// One row of every element type.
std::vector<float> dequantized_rows() {
  constexpr std::size_t columns = 768;
  std::vector<float> all;
  for (const litestage::DTypeInfo& entry : litestage::dtype_table) {
    const std::vector<std::byte> row = random_bytes(litestage::row_bytes(entry.type, columns), entry.gguf_id + 1);
    std::vector<float> values(columns);
    litestage::dequantize_row(entry.type, row.data(), values.data(), columns);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

// Floats to the two halves and back, over all exponents.
std::vector<float> rounded_numbers() {
  std::vector<float> all;
  for (std::uint32_t high = 0; high < 0x10000u; high += 7) {
    const float value = std::bit_cast<float>((high << 16) | 0x8000u);
    all.push_back(litestage::to_float(litestage::to_f16(value)));
    all.push_back(litestage::to_float(litestage::to_bf16(value)));
  }
  return all;
}

}  // namespace
