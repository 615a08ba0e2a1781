#include "litestage/evaluate/paired.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "common/answers.hpp"

using litestage::test::golds;
using litestage::test::letters;
namespace evaluate = litestage::evaluate;

TEST_CASE("McNemar's exact test") {
  // statsmodels 0.15.0: mcnemar([[10, a], [b, 10]], exact=True).pvalue.
  struct {
    std::size_t only_a, only_b;
    double p;
  } const known[] = {{1, 0, 1},
                     {5, 0, 0.0625},
                     {6, 0, 0.03125},
                     {10, 3, 0.09228515625},
                     {3, 10, 0.09228515625},
                     {40, 60, 0.05688793364098089},
                     {123, 171, 0.006028961985470486},
                     {1000, 1100, 0.03072070786424249},
                     {50000, 50500, 0.11547629006868594}};
  for (const auto& row : known) {
    const double p = evaluate::mcnemar_exact(row.only_a, row.only_b);
    CHECK(std::abs(p - row.p) <= 1e-10 * row.p);
  }
  CHECK(evaluate::mcnemar_exact(0, 0) == 1);
  CHECK(evaluate::mcnemar_exact(15, 15) == 1);
  CHECK(evaluate::mcnemar_exact(7, 8) == 1);
  CHECK(evaluate::mcnemar_exact(0, 2000) < 1e-300);
  CHECK(evaluate::mcnemar_exact(2000, 0) >= 0);
}

TEST_CASE("the interval of a paired difference is Tango's") {
  // The score test inverted with scipy 1.17.1 (brentq), the likelihood under a given difference maximised by
  // minimize_scalar instead of the closed form.
  struct {
    std::size_t trials, only_a, only_b;
    double value, low, high;
  } const known[] = {{1, 0, 0, 0, -0.79345069, 0.79345069},
                     {20, 0, 0, 0, -0.16112516, 0.16112516},
                     {1, 1, 0, 1, -0.58690137, 1},
                     {2, 0, 1, -0.5, -0.90546879, 0.48642966},
                     {30, 5, 0, 0.16666667, 0.03423437, 0.33564351},
                     {60, 10, 3, 0.11666667, -0.00125722, 0.24177279},
                     {50, 12, 2, 0.2, 0.06111241, 0.34470875},
                     {33, 0, 7, -0.21212121, -0.37751645, -0.08573334},
                     {100, 20, 20, 0, -0.12497404, 0.12497404},
                     {30, 30, 0, 1, 0.77297321, 1},
                     {500, 9, 37, -0.056, -0.08442051, -0.03083612},
                     {2000, 123, 171, -0.024, -0.04093226, -0.00724035}};
  for (const auto& row : known) {
    const evaluate::PairedDifference d = evaluate::paired_difference({row.trials, row.only_a, row.only_b});
    CHECK(std::abs(d.value - row.value) <= 1e-8);
    CHECK(std::abs(d.low - row.low) <= 1e-7);
    CHECK(std::abs(d.high - row.high) <= 1e-7);
    CHECK(d.p_value == evaluate::mcnemar_exact(row.only_a, row.only_b));
  }
}

TEST_CASE("the interval holds the value, stays within -1 and 1, mirrors, and agrees with McNemar's score test") {
  constexpr double z = 1.959963984540054;
  for (const std::size_t n : {1u, 2u, 3u, 13u, 31u}) {
    for (std::size_t a = 0; a <= n; ++a) {
      for (std::size_t b = 0; a + b <= n; ++b) {
        const evaluate::PairedDifference d = evaluate::paired_difference({n, a, b});
        CHECK(-1 <= d.low);
        CHECK(d.low <= d.value);
        CHECK(d.value <= d.high);
        CHECK(d.high <= 1);
        CHECK(d.low < d.high);
        const evaluate::PairedDifference mirrored = evaluate::paired_difference({n, b, a});
        CHECK(mirrored.low == -d.high);
        CHECK(mirrored.high == -d.low);
        const double net = std::abs(static_cast<double>(a) - static_cast<double>(b));
        const bool differs = net > z * std::sqrt(static_cast<double>(a + b));
        CHECK((d.low > 0 || d.high < 0) == differs);
      }
    }
  }
}

TEST_CASE("without questions nothing is known") {
  const evaluate::PairedDifference d = evaluate::paired_difference({});
  CHECK(d.value == 0);
  CHECK(d.low == -1);
  CHECK(d.high == 1);
  CHECK(d.p_value == 1);
  CHECK_THROWS_AS(static_cast<void>(evaluate::paired_difference({3, 2, 2})), litestage::AssertionError);
}

TEST_CASE("who was right: no answer is wrong, unknown gold does not count") {
  const std::vector<litestage::Gold> gold = golds({0, 1, 2, 3, 0, -1, 1});
  const std::vector<litestage::Answer> a = letters({0, 1, 0, -1, 0, -1, 1}), b = letters({0, 2, 2, -1, -1, -1, 1});
  CHECK(evaluate::paired_counts(a, b, gold) == evaluate::PairedCounts{6, 2, 1});
  CHECK_THROWS_AS(static_cast<void>(evaluate::paired_counts(a, b, {})), litestage::AssertionError);
}
