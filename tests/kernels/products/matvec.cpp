// Matrix-vector products of all weight types in the emulator: against double, and to the bit among schedules, batches
// and grids. ProjectAdd tests the common part; other kernels have their own tests.
#include "litestage/kernels/products/matvec.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/close.hpp"
#include "common/random_weight.hpp"
#include "kernels/device.hpp"
#include "litestage/kernels/products/project_add.cuh"

using namespace litestage;
using namespace litestage::test;
using kernels::ProjectAdd;

namespace {

struct Expected {
  double value = 0, bound = 0;
};

// Quantised weights: rounding an input moves it by at most half a step, max |x| / 254, of its block. Summing: every
// operation errs by 2^-24 of a partial sum, which is at most the sum of the magnitudes of everything added, offsets and
// minimums apart. A lane makes at most two or three operations a block, and the butterfly five.
Expected expected(DType type, const std::vector<double>& w, const float* x) {
  const bool quantised = kernels::format_of(type).quantised();
  Expected e;
  double magnitude = 0;
  for (std::size_t first = 0; first < w.size(); first += 32) {
    const std::size_t last = std::min(first + 32, w.size());
    double largest = 0;
    for (std::size_t k = first; k < last; ++k) largest = std::max(largest, std::abs(static_cast<double>(x[k])));
    for (std::size_t k = first; k < last; ++k) {
      e.value += w[k] * static_cast<double>(x[k]);
      magnitude +=
          (std::abs(w[k]) + 2 * largest_min(type)) * (quantised ? largest : std::abs(static_cast<double>(x[k])));
      if (quantised) e.bound += std::abs(w[k]) * largest * (0.5 / 127) * (1 + 1e-5);
    }
  }
  const double operations = quantised ? 6.0 * static_cast<double>(w.size()) / 16 : static_cast<double>(w.size());
  e.bound += magnitude * (operations + 12) * 0x1p-24;
  return e;
}

// y = W x for n inputs, from zero, by a grid for `resident` blocks.
template <DType type, unsigned N>
std::vector<float> product(Emulator& emulator, const DeviceMatrix& w, const std::vector<float>& x, unsigned n,
                           unsigned resident) {
  const unsigned rows = w.matrix.rows, columns = w.matrix.columns;
  const DeviceBuffer<float> in = to_device(emulator, x);
  const DeviceBuffer<float> y = to_device(emulator, std::vector<float>(std::size_t{n} * rows, 0.0f));
  std::vector<int> order(n);
  for (unsigned i = 0; i < n; ++i) order[i] = static_cast<int>(i);
  const DeviceBuffer<int> index = to_device(emulator, order);
  typename ProjectAdd<type, N>::Params p;
  p.w = w.matrix;
  p.in = {in.data(), columns, nullptr, n, columns, nullptr, 0};
  p.x = y.data();
  p.stride = rows;
  p.rows = index.data();
  emulator.launch<ProjectAdd<type, N>>(ProjectAdd<type, N>::grid(p, resident), p);
  return to_host(y);
}

template <DType type>
void check_against_double(unsigned rows, unsigned columns, unsigned resident) {
  constexpr unsigned n = 2;
  const RandomWeight weight(type, rows, columns, rows * 31 + columns);
  const std::vector<float> x = random_inputs(std::size_t{n} * columns, columns);
  std::vector<float> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const DeviceMatrix w(emulator, weight.raw);
    const std::vector<float> y = product<type, n>(emulator, w, x, n, resident);
    if (found.empty()) found = y;
    CHECK(same_bits(y, found));
  }
  std::vector<double> w(columns);
  for (unsigned r = 0; r < rows; ++r) {
    dequantize_row(type, weight.raw.row(r), w.data(), columns);
    for (unsigned i = 0; i < n; ++i) {
      const Expected e = expected(type, w, x.data() + std::size_t{i} * columns);
      if (close(found[i * rows + r], e.value, e.bound)) continue;
      FAIL_CHECK(name(type), " ", rows, " x ", columns, ", input ", i, ", row ", r, ": ", found[i * rows + r],
                 " is not ", e.value, " to within ", e.bound);
      return;
    }
  }
}

}  // namespace

TEST_CASE("matvec: every type agrees with double, to the same bits in every schedule") {
  for (const DTypeInfo& entry : dtype_table) {
    with_type(entry.type, [&]<DType type>() {
      const auto block = static_cast<unsigned>(entry.block_size);
      for (const unsigned rows : {1u, 31u, 32u, 33u, 63u, 576u, 896u, 4863u})
        check_against_double<type>(rows, block == 1 ? 37 : block, 64);
      for (const unsigned columns : {32u, 96u, 576u, 896u, 1536u}) {
        if (columns % block == 0) check_against_double<type>(5, columns, 64);
      }
      if (block == 1) {
        for (const unsigned columns : {1u, 2u, 31u, 33u}) check_against_double<type>(3, columns, 64);
      }
    });
  }
}

TEST_CASE("matvec: many rows, and more tiles than blocks") {
  check_against_double<DType::q8_0>(576, 576, 3);
  check_against_double<DType::q4_k>(896, 256, 5);
  check_against_double<DType::q5_0>(4863, 32, 100);
  check_against_double<DType::f16>(63, 4863, 2);
}

TEST_CASE("matvec: a result's bits depend neither on the batch, nor on its place in it, nor on the grid") {
  constexpr unsigned rows = 37, columns = 512;
  for (const DTypeInfo& entry : dtype_table) {
    with_type(entry.type, [&]<DType type>() {
      const RandomWeight weight(type, rows, columns, 3);
      const std::vector<float> x = random_inputs(std::size_t{16} * columns, 4);
      Emulator emulator;
      const DeviceMatrix w(emulator, weight.raw);
      const std::vector<float> all = product<type, 16>(emulator, w, x, 16, 64);
      const auto rows_of = [&](unsigned first, unsigned n) {
        return std::vector<float>(all.begin() + first * rows, all.begin() + (first + n) * rows);
      };
      const auto inputs = [&](unsigned first, unsigned n) {
        return std::vector<float>(x.begin() + first * columns, x.begin() + (first + n) * columns);
      };
      CAPTURE(name(type));
      CHECK(same_bits(product<type, 1>(emulator, w, inputs(11, 1), 1, 64), rows_of(11, 1)));
      CHECK(same_bits(product<type, 2>(emulator, w, inputs(3, 2), 2, 1), rows_of(3, 2)));
      CHECK(same_bits(product<type, 4>(emulator, w, inputs(5, 3), 3, 2), rows_of(5, 3)));
      CHECK(same_bits(product<type, 8>(emulator, w, inputs(8, 8), 8, 64), rows_of(8, 8)));
      CHECK(same_bits(product<type, 16>(emulator, w, inputs(0, 9), 9, 1), rows_of(0, 9)));
    });
  }
}

TEST_CASE("matvec: NaN in an input spoils its own results and no others") {
  const RandomWeight weight(DType::q4_0, 9, 64, 1);
  std::vector<float> x = random_inputs(128, 2);
  x[70] = NAN;
  Emulator emulator;
  const DeviceMatrix w(emulator, weight.raw);
  const std::vector<float> y = product<DType::q4_0, 2>(emulator, w, x, 2, 8);
  for (unsigned r = 0; r < 9; ++r) {
    CHECK(std::isfinite(y[r]));
    CHECK(std::isnan(y[9 + r]));
  }
}

TEST_CASE("matvec: weights and inputs move 16 bytes at a time, weights once") {
  const RandomWeight weight(DType::q8_0, 64, 576, 1);
  const std::vector<float> x = random_inputs(576, 2);
  Emulator emulator;
  const DeviceMatrix w(emulator, weight.raw);
  const DeviceBuffer<float> in = to_device(emulator, x), y = to_device(emulator, std::vector<float>(64, 0.0f));
  const DeviceBuffer<int> rows = to_device(emulator, std::vector<int>{0});
  using Kernel = ProjectAdd<DType::q8_0, 1>;
  Kernel::Params p;
  p.w = w.matrix;
  p.in = {in.data(), 576, nullptr, 1, 576, nullptr, 0};
  p.x = y.data();
  p.stride = 64;
  p.rows = rows.data();
  const Grid grid = Kernel::grid(p, 100);
  const kernels::emulator::Traffic traffic = emulator.launch<Kernel>(grid, p);
  CHECK(traffic.loaded[4] == 64 * 576 + grid.x * 576 * 4);  // codes once, inputs by every block
  CHECK(traffic.loaded[1] == 64 * 18 * 2);                  // scales
  CHECK(traffic.stored[2] == 64 * 4);
  CHECK(traffic.distinct_stored == 64 * 4);
}
