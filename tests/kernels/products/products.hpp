// Inputs of the products that normalise their inputs, and the results in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "common/random_weight.hpp"
#include "kernels/device.hpp"
#include "litestage/backend/gpu/memory/pack.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/backend/reference/row_operations.hpp"
#include "litestage/kernels/products/inputs.cuh"

namespace litestage::test {

// Bits of a number that no kernel computes, which mark memory that has not been written.
inline constexpr float untouched = -12345.0f;

// n rows of a stream, in an order different from the stream's, and their norm.
struct NormedRows {
  unsigned n, columns;
  std::vector<float> x;     // [n + 2, columns]
  std::vector<int> rows;    // [n]
  std::vector<float> norm;  // [columns]
  float eps = 1e-5f;

  NormedRows(unsigned n_rows, unsigned n_columns, unsigned seed)
      : n(n_rows),
        columns(n_columns),
        x(random_inputs(std::size_t{n + 2} * columns, seed)),
        norm(random_inputs(columns, seed + 1)) {
    for (unsigned i = 0; i < n; ++i) rows.push_back(static_cast<int>((7 * i + 3) % (n + 2)));
  }
  // Row i after the norm, in double.
  [[nodiscard]] std::vector<double> normed(unsigned i) const {
    const float* row = x.data() + static_cast<std::size_t>(rows[i]) * columns;
    double squares = 0;
    for (unsigned j = 0; j < columns; ++j) squares += static_cast<double>(row[j]) * static_cast<double>(row[j]);
    const double factor = 1 / std::sqrt(squares / columns + static_cast<double>(eps));
    std::vector<double> h(columns);
    for (unsigned j = 0; j < columns; ++j) h[j] = static_cast<double>(row[j]) * factor * static_cast<double>(norm[j]);
    return h;
  }
};

// Relative error of a normed number in float. The squares are positive, so every operation of a thread (columns / 128
// and at most 4), of the butterfly and of the sum of warps errs by 2^-24 of the sum; the root halves that. Mean, eps,
// root, quotient and two products follow.
[[nodiscard]] inline double norm_error(unsigned columns) {
  return ((columns / 128 + 13) / 2.0 + 6) * 0x1p-24;
}

// Rows first .. first + count - 1 of them in the emulated device.
struct DeviceRows {
  DeviceRows(Emulator& emulator, const NormedRows& host, unsigned first, unsigned count)
      : x(to_device(emulator, host.x)), rows(to_device(emulator, host.rows)), norm(to_device(emulator, host.norm)) {
    in = {x.data(), host.columns, rows.data() + first, count, host.columns, norm.data(), host.eps};
  }
  DeviceBuffer<float> x;
  DeviceBuffer<int> rows;
  DeviceBuffer<float> norm;
  kernels::InputRows in;
};

// Bytes that a block loads to norm n inputs: each row twice, the norm once for each.
[[nodiscard]] inline std::size_t bytes_to_norm(unsigned n, unsigned columns) {
  return std::size_t{3} * n * columns * sizeof(float);
}
// Bytes of the codes of a matrix, which are loaded 16 at a time.
[[nodiscard]] inline std::size_t code_bytes(const kernels::Matrix& w) {
  return w.rows * gpu::row_sizes(w.type, w.columns).vectors * sizeof(kernels::Vector16);
}

struct Expected {
  double value = 0, bound = 0;
};

// <row of the matrix, h>. Quantised weights: rounding an input moves it by at most half a step, max |h| / 254, of its
// block. Summing: every operation errs by 2^-24 of a partial sum, which is at most the sum of the magnitudes of
// everything added, the minimum of a K type apart. A lane makes two or three operations a block, the butterfly five.
[[nodiscard]] inline Expected expected_product(const RawTensor& w, unsigned row, const std::vector<double>& h) {
  const bool quantised = kernels::format_of(w.type).quantised();
  std::vector<double> weight(w.columns);
  dequantize_row(w.type, w.row(row), weight.data(), w.columns);
  Expected e;
  double magnitude = 0;
  for (std::size_t first = 0; first < h.size(); first += 32) {
    const std::size_t last = std::min(first + 32, h.size());
    double largest = 0;
    for (std::size_t k = first; k < last; ++k) largest = std::max(largest, std::abs(h[k]));
    for (std::size_t k = first; k < last; ++k) {
      e.value += weight[k] * h[k];
      e.bound += std::abs(weight[k] * h[k]) * norm_error(static_cast<unsigned>(h.size()));
      magnitude += (std::abs(weight[k]) + 2 * largest_min(w.type)) * (quantised ? largest : std::abs(h[k]));
      if (quantised) e.bound += std::abs(weight[k]) * largest * (0.5 / 127) * (1 + 1e-4);
    }
  }
  const auto columns = static_cast<double>(h.size());
  const double operations = quantised ? 3 * columns / 32 : columns;
  e.bound += magnitude * (operations + 12) * 0x1p-24;
  return e;
}

// act(g) u. The slope of either activation is below 1.13. Computed in float it errs by a few roundings of itself, and
// by 2^-24 times the condition of the exponential, |w|^2 / 4 cosh^2(w / 2) < 0.44, times the roundings of w.
[[nodiscard]] inline Expected expected_gate(const Expected& g, const Expected& u, Activation activation) {
  const double act = reference::activated(g.value, activation);
  Expected e;
  e.value = act * u.value;
  e.bound = (1.13 * g.bound + 8 * 0x1p-24 * (1 + std::abs(act))) * (std::abs(u.value) + u.bound) +
            std::abs(act) * u.bound + 0x1p-24 * std::abs(e.value);
  return e;
}

// Calls f(type, rows, columns) for all types: odd numbers of the narrowest rows of a type, and a few wide rows.
template <class F>
void for_types_and_sizes(const F& f) {
  for (const DTypeInfo& entry : dtype_table) {
    const unsigned narrow = entry.block_size == 1 ? 37 : static_cast<unsigned>(entry.block_size);
    for (const unsigned rows : {1u, 31u, 32u, 33u, 63u, 576u, 896u, 4863u}) f(entry.type, rows, narrow);
    f(entry.type, 5, 1536);
  }
}

}  // namespace litestage::test
