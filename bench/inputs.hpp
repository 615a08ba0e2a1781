// Random inputs for benchmarks, with a fixed seed.
#pragma once

#include <cstddef>
#include <random>

#include "litestage/core/tensor.hpp"

namespace litestage::bench {

[[nodiscard]] inline Buffer<float> random_floats(std::size_t n, unsigned seed = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Buffer<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = normal(generator);
  return x;
}

}  // namespace litestage::bench
