// Counts of the memory accesses of a launch.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace litestage::kernels::emulator {

// Bytes moved by the threads of a launch, by access width (1, 2, 4, 8, 16 bytes).
struct Traffic {
  static constexpr std::size_t widths = 5;
  std::array<std::uint64_t, widths> loaded{}, stored{};
  std::uint64_t atomics = 0;  // number of operations
  std::uint64_t distinct_loaded = 0,
                distinct_stored = 0;  // bytes of the 32-byte sectors touched; counted only with checks

  [[nodiscard]] static constexpr std::size_t slot(std::size_t width) {
    return static_cast<std::size_t>(std::bit_width(width)) - 1;
  }
  [[nodiscard]] std::uint64_t all_loaded() const { return sum(loaded); }
  [[nodiscard]] std::uint64_t all_stored() const { return sum(stored); }
  Traffic& operator+=(const Traffic& other) {
    for (std::size_t i = 0; i < widths; ++i) {
      loaded[i] += other.loaded[i];
      stored[i] += other.stored[i];
    }
    atomics += other.atomics;
    distinct_loaded += other.distinct_loaded;
    distinct_stored += other.distinct_stored;
    return *this;
  }

 private:
  [[nodiscard]] static std::uint64_t sum(const std::array<std::uint64_t, widths>& bytes) {
    std::uint64_t total = 0;
    for (const std::uint64_t b : bytes) total += b;
    return total;
  }
};

}  // namespace litestage::kernels::emulator
