// Measures how rows of the residual stream changed: <x, y>, <x, x> and <y, y> for every row x before and y after.
// Importance and AdaSkip compute the cosine and the norm ratio from these. Launched only if a policy requests them.
#pragma once

#include <cstddef>

#include "litestage/kernels/rows/four.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

struct MeasureRows {
  static constexpr const char* name = "measure_rows";
  static constexpr unsigned threads = 128, warps = threads / warp_size;
  struct Params {
    const float* before = nullptr;  // [tokens, columns]
    const float* after = nullptr;   // [tokens, columns]
    const int* rows = nullptr;      // [n] rows to read and write in all three arrays; nullptr: row i
    unsigned columns = 0, n = 0;
    float* moments = nullptr;  // [tokens][3]: <before, after>, <before, before>, <after, after>
    friend bool operator==(const Params&, const Params&) = default;
  };
  static std::size_t shared_bytes(const Params&) { return std::size_t{3} * warps * sizeof(float); }
  static Grid grid(const Params& p) { return {p.n}; }

  template <ThreadContext C>
  LITESTAGE_DEVICE void operator()(C& t, const Params& p) const {
    const unsigned row = p.rows == nullptr ? t.block().x : static_cast<unsigned>(t.load(p.rows + t.block().x));
    const float* x = p.before + static_cast<std::size_t>(row) * p.columns;
    const float* y = p.after + static_cast<std::size_t>(row) * p.columns;
    float sum[3] = {};
    for (unsigned v = t.thread(); 4 * v < p.columns; v += threads) {
      const Four a = load_four(t, x, v, p.columns), b = load_four(t, y, v, p.columns);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) {
        sum[0] = fmaf(a.value[j], b.value[j], sum[0]);
        sum[1] = fmaf(a.value[j], a.value[j], sum[1]);
        sum[2] = fmaf(b.value[j], b.value[j], sum[2]);
      }
    }
    float* partial = t.template shared<float>(0);
    LITESTAGE_UNROLL
    for (unsigned k = 0; k < 3; ++k) {
      sum[k] = warp_sum(t, sum[k]);
      if (lane(t) == 0) partial[k * warps + warp(t)] = sum[k];
    }
    t.sync();
    if (t.thread() >= 3) return;
    float total = 0;
    for (unsigned k = 0; k < warps; ++k) total += partial[t.thread() * warps + k];
    t.store(p.moments + static_cast<std::size_t>(row) * 3 + t.thread(), total);
  }
};

}  // namespace litestage::kernels
