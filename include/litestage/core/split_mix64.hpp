// A generator of 64-bit random numbers that gives the same sequence on every platform.
#pragma once

#include <cstdint>

namespace litestage {

// Steele, Lea, Flood, OOPSLA 2014.
class SplitMix64 {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}
  [[nodiscard]] std::uint64_t draw() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // A number in [0, n). The remainder of a 64-bit draw favours small values by a factor of at most 1 + n * 2^-64.
  [[nodiscard]] std::uint64_t below(std::uint64_t n) { return draw() % n; }

 private:
  std::uint64_t state_;
};

}  // namespace litestage
