// The parts that the kernels of every instruction set share: the work on one panel, the output, and the split into
// tiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/activations.hpp"
#include "litestage/core/threads/range.hpp"
#include "litestage/core/view.hpp"

namespace litestage::cpu {

// How a result is stored: v = w x + bias; y = multiplier * v, or y += multiplier * v (one rounding).
struct Store {
  const float* bias = nullptr;  // [rows of w] or null
  float multiplier = 1;
  bool accumulate = false;
  const int* rows = nullptr;  // [inputs] input i goes to row rows[i] of y; null: to row i
};

// The product of one panel with a range of inputs.
struct PanelJob {
  const std::byte* panel = nullptr;
  std::size_t first_row = 0, rows = 0;  // rows of the weight, 1 to 16
  const Activations* inputs = nullptr;
  Range tokens;      // rows of inputs
  View<float, 2> y;  // [.., rows of the weight]
  const Store* store = nullptr;
};

// Stores the results v [n, 16] of the inputs token .. token + n - 1. Each instruction set has one function with this
// body, which all of its tiles call; inlining it into every tile would take a large part of the compile time.
LITESTAGE_ALWAYS_INLINE void store_rows(const PanelJob& job, std::size_t token, std::size_t n, const float* v) {
  const Store& store = *job.store;
  const float* bias = store.bias != nullptr ? store.bias + job.first_row : nullptr;
  for (std::size_t t = token; t < token + n; ++t, v += panel_rows) {
    float* y = job.y.row(store.rows != nullptr ? static_cast<std::size_t>(store.rows[t]) : t) + job.first_row;
    for (std::size_t r = 0; r < job.rows; ++r) {
      const float value = bias != nullptr ? v[r] + bias[r] : v[r];
      y[r] = store.accumulate ? __builtin_fmaf(store.multiplier, value, y[r]) : store.multiplier * value;
    }
  }
}

// `Kernels::tile<type, n>` computes n inputs at once: as many as the registers hold, then the rest. Every tile size
// does the same operations in the same order for each input.
template <class Kernels, DType type>
void run_tiles(const PanelJob& job) {
  std::size_t t = job.tokens.first;
  const std::size_t last = job.tokens.last;
  if constexpr (Kernels::largest_tile >= 8) {
    for (; t + 8 <= last; t += 8) Kernels::template tile<type, 8>(job, t);
  }
  for (; t + 4 <= last; t += 4) Kernels::template tile<type, 4>(job, t);
  for (; t + 2 <= last; t += 2) Kernels::template tile<type, 2>(job, t);
  if (t < last) Kernels::template tile<type, 1>(job, t);
}

}  // namespace litestage::cpu
