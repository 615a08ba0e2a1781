// The example of docs/adding-a-kernel.md: a kernel and its test, whole.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/random_weight.hpp"
#include "kernels/device.hpp"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// largest[i] = the largest magnitude in row i of x.
struct LargestMagnitude {
  static constexpr const char* name = "largest_magnitude";
  static constexpr unsigned threads = 128, warps = threads / warp_size;
  struct Params {
    const float* x = nullptr;  // [n, columns]
    unsigned columns = 0, n = 0;
    float* largest = nullptr;  // [n]
  };
  static std::size_t shared_bytes(const Params&) { return warps * sizeof(float); }
  static Grid grid(const Params& p) { return {p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const float* row = p.x + static_cast<std::size_t>(t.block().x) * p.columns;
    float mine = 0;
    for (unsigned j = t.thread(); j < p.columns; j += threads) {
      const float magnitude = fabsf(t.load(row + j));
      mine = magnitude > mine ? magnitude : mine;
    }
    mine = warp_max(t, mine);  // of all 32 lanes, also those that had no column
    float* of_warps = t.template shared<float>(0);
    if (lane(t) == 0) of_warps[warp(t)] = mine;
    t.sync();
    if (t.thread() != 0) return;  // below are neither barriers nor shuffles
    for (unsigned k = 1; k < warps; ++k) mine = of_warps[k] > mine ? of_warps[k] : mine;
    t.store(p.largest + t.block().x, mine);
  }
};

}  // namespace litestage::kernels

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
