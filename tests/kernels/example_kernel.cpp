// The test of the example of docs/adding-a-kernel.md.
#include "kernels/example_kernel.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/random_weight.hpp"
#include "kernels/device.hpp"

using namespace litestage::test;
using litestage::kernels::LargestMagnitude;

TEST_CASE("example kernel: the largest magnitude of every row, in every schedule") {
  constexpr unsigned n = 3;
  for (const unsigned columns : {1u, 31u, 33u, 128u, 1001u}) {
    const std::vector<float> x = random_inputs(n * columns, columns);
    std::vector<float> expected;
    for (auto row = x.begin(); row != x.end(); row += columns) {
      const auto less = [](float a, float b) { return std::abs(a) < std::abs(b); };
      expected.push_back(std::abs(*std::max_element(row, row + columns, less)));
    }
    for (const Schedule& schedule : schedules) {
      Emulator emulator(schedule);
      const DeviceBuffer<float> in = to_device(emulator, x), largest(emulator, n);
      const LargestMagnitude::Params p{in.data(), columns, n, largest.data()};
      emulator.launch<LargestMagnitude>(LargestMagnitude::grid(p), p);
      CHECK(to_host(largest) == expected);
    }
  }
}
