#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "common/close.hpp"
#include "common/row_kernels.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// Distance of `found` from the exact value, in units of the last place that a float of this size has.
double error_in_ulp(float found, double exact) {
  const int exponent = exact == 0 ? -149 : std::max(std::ilogb(exact) - 23, -149);
  return std::abs(static_cast<double>(found) - exact) / std::ldexp(1.0, exponent);
}

}  // namespace

TEST_CASE("exp is within 1 ulp over all arguments") {
  // Every 8191st float from -105 up to 88.72, where the result is finite; the stride is prime.
  std::vector<float> x;
  for (std::uint32_t bits = std::bit_cast<std::uint32_t>(-0.0f); bits < std::bit_cast<std::uint32_t>(-105.0f);) {
    x.push_back(std::bit_cast<float>(bits));
    bits += 8191;
  }
  for (std::uint32_t bits = 0; bits < std::bit_cast<std::uint32_t>(88.72f); bits += 8191) {
    x.push_back(std::bit_cast<float>(bits));
  }
  x.insert(x.end(), {88.7228f, -87.33654f, -87.3366f, -103.27f, -103.9f, 0.34657359f, -0.34657359f});
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> y(x.size());
    decltype(kernels)::exp(y.data(), x.data(), x.size());
    double worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double error = error_in_ulp(y[i], std::exp(static_cast<double>(x[i])));
      if (!(error <= worst)) worst = error;
    }
    MESSAGE(name, ": largest error of exp ", worst, " ulp over ", x.size(), " arguments");
    CHECK(worst <= 1);
  });
}

TEST_CASE("exp at its ends: 0, infinity, NaN and exactly 1") {
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x{0, -0.0f, -inf, inf, nan, 89, 1e30f, -105, -1e30f};
  const std::vector<float> expected{1, 1, 0, inf, nan, inf, inf, 0, 0};
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> y(x.size());
    decltype(kernels)::exp(y.data(), x.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      CAPTURE(x[i]);
      if (std::isnan(expected[i]))
        CHECK(std::isnan(y[i]));
      else
        CHECK(y[i] == expected[i]);
    }
  });
}

TEST_CASE("exp of a row does not depend on its length or place") {
  const std::vector<float> x = normal_numbers(67, 3, 10);
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> all(x.size());
    decltype(kernels)::exp(all.data(), x.data(), x.size());
    for (std::size_t n = 0; n <= x.size(); ++n) {
      Misaligned row({x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n)});
      decltype(kernels)::exp(row.data(), row.data(), n);
      CHECK(same_bits(row.values(), std::vector<float>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n))));
      CHECK(row.guarded());
    }
  });
}
