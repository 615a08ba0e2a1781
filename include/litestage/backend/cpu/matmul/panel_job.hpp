// The parts that the kernels of every instruction set share: the work on one panel, the output, and the split into
// tiles.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "litestage/backend/cpu/matmul/activations.hpp"
#include "litestage/backend/cpu/matmul/read_ahead.hpp"
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
  ReadAhead read_ahead = ReadAhead::none;
};

// Stores the results v of one input, to which it first adds the bias, in place. GCC vectorises these loops at -O2 only
// because nothing overlaps (__restrict) and `rows` is a constant for whole panels; without that storing took 12 % of a
// prefill of smollm2-135m.
template <class Rows>
LITESTAGE_ALWAYS_INLINE void store_row(float* __restrict y, float* __restrict v, const float* __restrict bias,
                                       const Store& store, Rows rows) {
  const float multiplier = store.multiplier;
  if (bias != nullptr) {
    for (std::size_t r = 0; r < rows; ++r) v[r] += bias[r];
  }
  if (store.accumulate) {
    for (std::size_t r = 0; r < rows; ++r) y[r] = __builtin_fmaf(multiplier, v[r], y[r]);
  } else {
    for (std::size_t r = 0; r < rows; ++r) y[r] = multiplier * v[r];
  }
}

// Stores the results v [n, 16] of the inputs token .. token + n - 1, and alters v. Each instruction set has one
// function with this body, which all of its tiles call; inlining it into every tile would take a large part of the
// compile time.
LITESTAGE_ALWAYS_INLINE void store_rows(const PanelJob& job, std::size_t token, std::size_t n, float* v) {
  const Store& store = *job.store;
  const float* bias = store.bias != nullptr ? store.bias + job.first_row : nullptr;
  for (std::size_t t = token; t < token + n; ++t, v += panel_rows) {
    float* y = job.y.row(store.rows != nullptr ? static_cast<std::size_t>(store.rows[t]) : t) + job.first_row;
    if (job.rows == panel_rows) {
      store_row(y, v, bias, store, std::integral_constant<std::size_t, panel_rows>());
    } else {
      store_row(y, v, bias, store, job.rows);
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
