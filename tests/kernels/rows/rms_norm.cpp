// RMSNorm as a launch of its own in the emulator, against double.
#include "litestage/kernels/rows/rms_norm.cuh"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "common/close.hpp"
#include "kernels/products/products.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::GemmType;
using kernels::RmsNorm;

namespace {

template <GemmType type>
double to_double(typename RmsNorm<type>::Number number) {
  if constexpr (type == GemmType::f32)
    return static_cast<double>(number);
  else
    return static_cast<double>(type == GemmType::f16 ? to_float(f16{number}) : to_float(bf16{number}));
}
// Half a step: f32 has 24 bits, f16 11 and numbers below 2^-14 at steps of 2^-24, bf16 8.
template <GemmType type>
double rounding(double value) {
  const double relative = type == GemmType::f32 ? 0 : type == GemmType::f16 ? 0x1p-11 : 0x1p-8;
  return std::abs(value) * relative + (type == GemmType::f16 ? 0x1p-25 : 0);
}

template <GemmType type>
std::vector<typename RmsNorm<type>::Number> rms_norm(Emulator& emulator, const NormedRows& rows, bool with_norm) {
  const DeviceRows in(emulator, rows, 0, rows.n);
  const DeviceBuffer<typename RmsNorm<type>::Number> h(emulator, std::size_t{rows.n} * rows.columns);
  typename RmsNorm<type>::Params p;
  p.in = in.in;
  if (!with_norm) p.in.norm = nullptr;
  p.h = h.data();
  emulator.launch<RmsNorm<type>>(RmsNorm<type>::grid(p), p);
  return to_host(h);
}

template <GemmType type>
void check_against_double(unsigned n, unsigned columns, bool with_norm) {
  const NormedRows rows(n, columns, n + columns);
  std::vector<typename RmsNorm<type>::Number> found;
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    const auto h = rms_norm<type>(emulator, rows, with_norm);
    if (found.empty()) found = h;
    CHECK(same_bits(h, found));
  }
  CAPTURE(columns);
  for (unsigned i = 0; i < n; ++i) {
    const std::vector<double> normed = rows.normed(i);
    for (unsigned j = 0; j < columns; ++j) {
      const float x = rows.x[static_cast<std::size_t>(rows.rows[i]) * columns + j];
      const double expected = with_norm ? normed[j] : static_cast<double>(x);
      const double bound = rounding<type>(expected) + (with_norm ? norm_error(columns) * std::abs(expected) : 0);
      const double y = to_double<type>(found[std::size_t{i} * columns + j]);
      if (close(y, expected, bound * (1 + 0x1p-7))) continue;
      FAIL_CHECK("row ", i, ", number ", j, ": ", y, " is not ", expected, " to within ", bound);
      return;
    }
  }
}

}  // namespace

TEST_CASE("rms_norm agrees with double, to the same bits in every schedule") {
  for (const unsigned columns : {1u, 31u, 32u, 33u, 63u, 576u, 896u, 4863u}) {
    check_against_double<GemmType::f32>(3, columns, true);
    check_against_double<GemmType::f16>(2, columns, true);
    check_against_double<GemmType::bf16>(1, columns, true);
  }
  check_against_double<GemmType::f32>(16, 64, true);
}

TEST_CASE("rms_norm of a row whose squares overflow is NaN, not 0, and other rows are themselves") {
  for (const unsigned columns : {1u, 33u, 576u}) {
    NormedRows rows(2, columns, columns);
    Emulator emulator;
    const auto before = rms_norm<GemmType::f32>(emulator, rows, true);
    rows.x[static_cast<std::size_t>(rows.rows[0]) * columns + columns / 2] = 1e20f;
    const auto after = rms_norm<GemmType::f32>(emulator, rows, true);
    for (unsigned j = 0; j < columns; ++j) {
      CHECK(std::isnan(after[j]));
      CHECK(after[columns + j] == before[columns + j]);
    }
  }
}

TEST_CASE("rms_norm without a norm only gathers and rounds") {
  for (const unsigned columns : {1u, 33u, 576u, 4863u}) {
    check_against_double<GemmType::f32>(3, columns, false);
    check_against_double<GemmType::f16>(16, columns, false);
    check_against_double<GemmType::bf16>(2, columns, false);
  }
}
