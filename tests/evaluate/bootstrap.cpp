#include "litestage/evaluate/bootstrap.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace evaluate = litestage::evaluate;
using evaluate::ratio_of_sums;

namespace {

struct Times {
  std::vector<double> full, method;
};

Times some_times() {
  Times t;
  for (int i = 0; i < 31; ++i) {
    t.full.push_back(2 + i * 7 % 31 / 8.0);
    t.method.push_back(t.full.back() * (0.5 + i * 11 % 31 / 64.0));
  }
  return t;
}

}  // namespace

TEST_CASE("the interval is the percentile bootstrap's, the same everywhere") {
  const Times t = some_times();
  // The same procedure in Python, SplitMix64 written anew.
  struct {
    std::size_t resamples;
    std::uint64_t seed;
    double low, high;
  } const known[] = {{10000, 1, 1.2719874804381848, 1.455053656101822},
                     {10000, 7, 1.2698310279469291, 1.4557995638281687},
                     {100, 1, 1.2740618125585346, 1.4549425458516367}};
  for (const auto& row : known) {
    const auto ratio = ratio_of_sums(t.full, t.method, {row.resamples, row.seed});
    REQUIRE(ratio.has_value());
    CHECK(std::abs(ratio->value - 1.3570451436388509) <= 1e-14);
    CHECK(std::abs(ratio->low - row.low) <= 1e-14);
    CHECK(std::abs(ratio->high - row.high) <= 1e-14);
  }
  // scipy 1.17.1: bootstrap(paired=True, method="percentile", n_resamples=200000) with another generator.
  const evaluate::Ratio ratio = ratio_of_sums(t.full, t.method).value();
  CHECK(std::abs(ratio.low - 1.2715) <= 0.005);
  CHECK(std::abs(ratio.high - 1.4552) <= 0.005);
}

TEST_CASE("questions are drawn in pairs: what is long for both is no uncertainty") {
  std::vector<double> a, b;
  for (int i = 0; i < 33; ++i) {
    b.push_back(std::exp2(i));
    a.push_back(2 * b.back());
  }
  CHECK(ratio_of_sums(a, b) == evaluate::Ratio{2, 2, 2});
}

TEST_CASE("one question has no spread, equal questions neither") {
  CHECK(ratio_of_sums(std::vector<double>{3}, std::vector<double>{2}) == evaluate::Ratio{1.5, 1.5, 1.5});
  const evaluate::Ratio equal = ratio_of_sums(std::vector<double>(31, 0.3), std::vector<double>(31, 0.1)).value();
  CHECK(std::abs(equal.value - 3) <= 1e-12);
  CHECK(equal.low == equal.value);
  CHECK(equal.high == equal.value);
  CHECK(ratio_of_sums(std::vector<double>{0, 0}, std::vector<double>{2, 1}) == evaluate::Ratio{0, 0, 0});
  CHECK(ratio_of_sums(std::vector<double>{3, 5}, std::vector<double>{2, 2}, {1, 1}).has_value());
}

TEST_CASE("no ratio without questions or where nothing may stand below") {
  CHECK(!ratio_of_sums({}, {}).has_value());
  CHECK(!ratio_of_sums(std::vector<double>{1}, std::vector<double>{0}).has_value());
  CHECK(!ratio_of_sums(std::vector<double>{1, 1}, std::vector<double>{1, 0}).has_value());  // some resamples
}

TEST_CASE("misuse") {
  const std::vector<double> one = {1}, negative = {-1}, nan = {std::numeric_limits<double>::quiet_NaN()};
  CHECK_THROWS_AS(static_cast<void>(ratio_of_sums(one, {})), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(ratio_of_sums(one, negative)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(ratio_of_sums(nan, one)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(ratio_of_sums(one, one, {0, 1})), litestage::AssertionError);
}
