// Shared by tests of the cpu backend's row kernels: every instruction set of this machine, and random numbers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/tiny_model.hpp"
#include "litestage/backend/cpu/rows/row_kernels_avx512.hpp"

namespace litestage::test {

inline constexpr std::size_t awkward_sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 65, 127, 576, 997};

// Calls f(kernels, name) for every instruction set of this machine.
template <class F>
void with_all_kernels(const F& f) {
  f(cpu::Portable{}, "portable");
#if defined(__x86_64__)
  if (cpu::supported(cpu::InstructionSet::avx2)) f(cpu::Avx2{}, "avx2");
  if (cpu::supported(cpu::InstructionSet::avx512)) f(cpu::Avx512{}, "avx512");
#endif
}

[[nodiscard]] inline std::vector<float> normal_numbers(std::size_t n, std::uint64_t seed, float spread = 1) {
  Random random(seed);
  std::vector<float> x(n);
  for (float& v : x) v = spread * random.normal();
  return x;
}

// n floats that start one float past an aligned address, followed by a number that must not change.
class Misaligned {
 public:
  static constexpr float guard = 12345;
  explicit Misaligned(const std::vector<float>& x) : memory_(x.size() + 2), n_(x.size()) {
    std::copy(x.begin(), x.end(), data());
    memory_[n_ + 1] = guard;
  }
  [[nodiscard]] float* data() { return memory_.data() + 1; }
  [[nodiscard]] std::vector<float> values() const { return {memory_.data() + 1, memory_.data() + 1 + n_}; }
  [[nodiscard]] bool guarded() const { return memory_[n_ + 1] == guard; }

 private:
  Buffer<float> memory_;
  std::size_t n_;
};

}  // namespace litestage::test
