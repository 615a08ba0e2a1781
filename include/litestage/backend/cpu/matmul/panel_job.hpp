// What the kernels of every instruction set share: the work of one panel, its way out, and the split into tiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/activations.hpp"
#include "litestage/core/threads/range.hpp"
#include "litestage/core/view.hpp"

namespace litestage::cpu {

// What happens to a result on its way out: v = w x + bias; y = multiplier * v, or y += multiplier * v (one rounding).
struct Store {
  const float* bias = nullptr;  // [rows of w] or none
  float multiplier = 1;
  bool accumulate = false;
  const int* rows = nullptr;  // [inputs]: input i goes to row rows[i] of y; none: to row i
};

// One panel against a range of inputs.
struct PanelJob {
  const std::byte* panel = nullptr;
  std::size_t first_row = 0, rows = 0;  // of the weight: 1 to 16 rows
  const Activations* inputs = nullptr;
  Range tokens;      // rows of inputs
  View<float, 2> y;  // [.., rows of the weight]
  const Store* store = nullptr;
};

namespace detail {

// The results v [n, 16] of the inputs token .. token + n - 1. Each instruction set has one function with this body,
// which all of its tiles call: inlined into every tile it would take a large part of the time to compile them.
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

// `Kernels::tile<type, n>` does n inputs at once: as many as the registers hold, then what is left. Every size of tile
// does the same operations in the same order for each input.
template <class Kernels, DType type>
void run_panel(const PanelJob& job) {
  std::size_t t = job.tokens.first;
  const std::size_t last = job.tokens.last;
  if constexpr (Kernels::largest_tile >= 8) {
    for (; t + 8 <= last; t += 8) Kernels::template tile<type, 8>(job, t);
  }
  for (; t + 4 <= last; t += 4) Kernels::template tile<type, 4>(job, t);
  for (; t + 2 <= last; t += 2) Kernels::template tile<type, 2>(job, t);
  if (t < last) Kernels::template tile<type, 1>(job, t);
}

}  // namespace detail

}  // namespace litestage::cpu
