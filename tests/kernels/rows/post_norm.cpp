// Norms after a product and capped logits in the emulator, against double, to the same bits in every schedule.
#include "litestage/kernels/rows/post_norm.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "common/close.hpp"
#include "kernels/products/products.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::AddNormedRows;
using kernels::CapNumbers;

namespace {

std::vector<float> added_rows(Emulator& emulator, const std::vector<float>& x, const std::vector<float>& y,
                              const std::vector<int>& rows, const std::vector<float>& norm) {
  const DeviceBuffer<float> to = to_device(emulator, x), from = to_device(emulator, y), w = to_device(emulator, norm);
  const DeviceBuffer<int> index = to_device(emulator, rows);
  AddNormedRows::Params p;
  p.x = to.data();
  p.y = from.data();
  p.rows = index.data();
  p.norm = w.data();
  p.columns = static_cast<unsigned>(norm.size());
  p.n = static_cast<unsigned>(rows.size());
  p.multiplier = 0.75f;
  p.eps = 0.25f;
  emulator.launch<AddNormedRows>(AddNormedRows::grid(p), p);
  return to_host(to);
}

std::vector<float> capped_numbers(Emulator& emulator, const std::vector<float>& z, float cap) {
  const DeviceBuffer<float> numbers = to_device(emulator, z);
  CapNumbers::Params p;
  p.z = numbers.data();
  p.n = static_cast<unsigned>(z.size());
  p.cap = cap;
  emulator.launch<CapNumbers>(CapNumbers::grid(p), p);
  return to_host(numbers);
}

}  // namespace

TEST_CASE("add_normed_rows norms rows before it adds them, and changes no others") {
  const std::vector<int> rows{4, 0, 2};
  for (const unsigned columns : {1u, 31u, 32u, 33u, 576u, 1153u}) {
    CAPTURE(columns);
    const std::vector<float> x = random_inputs(5 * columns, columns), y = random_inputs(3 * columns, columns + 1);
    const std::vector<float> norm = random_inputs(columns, columns + 2);
    Emulator first(schedules[0]);
    const std::vector<float> found = added_rows(first, x, y, rows, norm);
    for (const Schedule& schedule : schedules) {
      Emulator emulator(schedule);
      CHECK(same_bits(added_rows(emulator, x, y, rows, norm), found));
    }
    std::vector<float> rest = found;
    for (std::size_t i = 0; i < 3; ++i) {
      double squares = 0;
      for (std::size_t j = 0; j < columns; ++j) squares += std::pow(static_cast<double>(y[i * columns + j]), 2);
      const double root = std::sqrt(squares / columns + 0.25);
      for (std::size_t j = 0; j < columns; ++j) {
        const std::size_t at = static_cast<std::size_t>(rows[i]) * columns + j;
        const double added = 0.75 * static_cast<double>(y[i * columns + j]) / root * static_cast<double>(norm[j]);
        // The sum of squares takes columns / 128 + 12 roundings, half of which the root keeps; four more follow.
        const double bound = (columns / 256.0 + 12) * 0x1p-24 * (std::abs(added) + std::abs(double(x[at])));
        CHECK(close(static_cast<double>(found[at]), static_cast<double>(x[at]) + added, bound));
        rest[at] = x[at];
      }
    }
    CHECK(same_bits(rest, x));
    Emulator emulator;  // a row alone has the same bits
    const std::vector<float> alone =
        added_rows(emulator, x, std::vector<float>(y.begin() + columns, y.begin() + 2 * columns), {0}, norm);
    CHECK(std::equal(alone.begin(), alone.begin() + columns, found.begin()));
  }
}

TEST_CASE("cap_numbers is tanh, and leaves what is not finite") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t n : {1u, 31u, 1024u, 1027u}) {
    std::vector<float> z = random_inputs(n, 3);
    for (std::size_t i = 0; i < n; ++i) z[i] *= static_cast<float>(1 + i % 100);
    Emulator emulator;
    const std::vector<float> found = capped_numbers(emulator, z, 30);
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(close(static_cast<double>(found[i]), 30 * std::tanh(static_cast<double>(z[i]) / 30), 30 * 8 * 0x1p-24));
    }
  }
  Emulator emulator;
  const std::vector<float> odd = capped_numbers(emulator, {infinity, -infinity, NAN, 1e38f, -1e38f, 0.0f}, 2);
  CHECK(odd[0] == infinity);
  CHECK(odd[1] == -infinity);
  CHECK(std::isnan(odd[2]));
  CHECK(odd[3] == 2);
  CHECK(odd[4] == -2);
  CHECK(odd[5] == 0);
}
