// The example of docs/adding-a-kernel.md.
#pragma once

#include <cmath>
#include <cstddef>

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
