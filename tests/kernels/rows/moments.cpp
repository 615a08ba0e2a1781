// MeasureRows in the emulator, compared with double.
#include "litestage/kernels/rows/moments.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/close.hpp"
#include "kernels/products/products.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::MeasureRows;

namespace {

// [tokens][3]; all rows if `rows` is empty.
std::vector<float> measure(Emulator& emulator, const std::vector<float>& before, const std::vector<float>& after,
                           unsigned columns, const std::vector<int>& rows) {
  const DeviceBuffer<float> x = to_device(emulator, before), y = to_device(emulator, after);
  const DeviceBuffer<int> index = to_device(emulator, rows);
  const auto tokens = static_cast<unsigned>(before.size() / columns);
  const DeviceBuffer<float> moments = to_device(emulator, std::vector<float>(std::size_t{tokens} * 3, untouched));
  MeasureRows::Params p;
  p.before = x.data();
  p.after = y.data();
  p.rows = rows.empty() ? nullptr : index.data();
  p.columns = columns;
  p.n = rows.empty() ? tokens : static_cast<unsigned>(rows.size());
  p.moments = moments.data();
  emulator.launch<MeasureRows>(MeasureRows::grid(p), p);
  return to_host(moments);
}

// Every operation on the way of a product into its sum errs by 2^-24 of a partial sum, which is at most the sum of the
// products' magnitudes: 4 for each 512 columns in a thread, five in the butterfly, four among the warps.
Expected expected_moment(const float* x, const float* y, unsigned columns) {
  Expected e;
  for (unsigned j = 0; j < columns; ++j) {
    const double product = static_cast<double>(x[j]) * static_cast<double>(y[j]);
    e.value += product;
    e.bound += std::abs(product);
  }
  e.bound *= ((columns + 511) / 512 * 4 + 9) * 0x1p-24;
  return e;
}

void check_against_double(unsigned tokens, unsigned columns, const std::vector<int>& rows) {
  const std::vector<float> before = random_inputs(std::size_t{tokens} * columns, columns);
  const std::vector<float> after = random_inputs(std::size_t{tokens} * columns, columns + 1);
  std::vector<float> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const std::vector<float> moments = measure(emulator, before, after, columns, rows);
    if (found.empty()) found = moments;
    CHECK(same_bits(found, moments));
  }
  CAPTURE(columns);
  for (unsigned i = 0; i < tokens; ++i) {
    CAPTURE(i);
    const float* m = found.data() + std::size_t{i} * 3;
    if (!rows.empty() && std::find(rows.begin(), rows.end(), static_cast<int>(i)) == rows.end()) {
      CHECK(std::all_of(m, m + 3, [](float value) { return value == untouched; }));
      continue;
    }
    const float *x = before.data() + std::size_t{i} * columns, *y = after.data() + std::size_t{i} * columns;
    const Expected expected[] = {expected_moment(x, y, columns), expected_moment(x, x, columns),
                                 expected_moment(y, y, columns)};
    for (unsigned k = 0; k < 3; ++k) CHECK(close(static_cast<double>(m[k]), expected[k].value, expected[k].bound));
  }
}

}  // namespace

TEST_CASE("measure_rows agrees with double, to the same bits in every schedule") {
  for (const unsigned columns : {1u, 31u, 32u, 33u, 63u, 576u, 896u, 1536u, 4863u})
    check_against_double(3, columns, {});
}

TEST_CASE("measure_rows: some rows, not in order, and no others") {
  check_against_double(7, 576, {5, 0, 3});
  check_against_double(16, 33, {15});
}

TEST_CASE("measure_rows: a row's bits depend on no other row") {
  const std::vector<float> before = random_inputs(16 * 576, 1), after = random_inputs(16 * 576, 2);
  Emulator emulator;
  const std::vector<float> all = measure(emulator, before, after, 576, {}),
                           one = measure(emulator, before, after, 576, {11});
  CHECK(std::equal(all.begin() + 33, all.begin() + 36, one.begin() + 33));
}
