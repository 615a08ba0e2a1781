#include "litestage/evaluate/metrics.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "common/answers.hpp"

using litestage::Answer;
using litestage::Gold;
using litestage::test::golds;
using litestage::test::letters;
namespace evaluate = litestage::evaluate;

TEST_CASE("the interval is Wilson's") {
  // Newcombe, Statistics in Medicine 17 (1998), table I, method 3; four decimals there.
  struct {
    std::size_t hits, trials;
    double low, high;
  } const published[] = {
      {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}};
  for (const auto& row : published) {
    const evaluate::Proportion p = evaluate::proportion(row.hits, row.trials);
    CHECK(std::abs(p.low - row.low) <= 0.00006);
    CHECK(std::abs(p.high - row.high) <= 0.00006);
  }
}

TEST_CASE("the interval solves its defining equation and holds the value") {
  for (const std::size_t n : {1u, 2u, 31u, 33u, 500u, 9741u}) {
    for (std::size_t k = 0; k <= n; k += 1 + n / 30) {
      const evaluate::Proportion p = evaluate::proportion(k, n);
      CHECK(p.value == static_cast<double>(k) / static_cast<double>(n));
      CHECK(0 <= p.low);
      CHECK(p.low <= p.value);
      CHECK(p.value <= p.high);
      CHECK(p.high <= 1);
      // Bounds b with |value - b| = z * sqrt(b (1 - b) / n).
      for (const double b : {p.low, p.high}) {
        if (b == p.value) continue;  // the ends, where 0 and 1 solve it
        const double expected = 1.959963984540054 * std::sqrt(b * (1 - b) / static_cast<double>(n));
        CHECK(std::abs(std::abs(p.value - b) - expected) <= 1e-12);
      }
      const evaluate::Proportion mirrored = evaluate::proportion(n - k, n);
      CHECK(std::abs(mirrored.low - (1 - p.high)) <= 1e-12);
    }
  }
  CHECK(evaluate::proportion(0, 5).low == 0);
  CHECK(evaluate::proportion(5, 5).high == 1);
  CHECK(evaluate::proportion(5, 5).low > 0);
}

TEST_CASE("without trials nothing is known") {
  const evaluate::Proportion p = evaluate::proportion(0, 0);
  CHECK(p.value == 0);
  CHECK(p.low == 0);
  CHECK(p.high == 1);
  CHECK_THROWS_AS(static_cast<void>(evaluate::proportion(2, 1)), litestage::AssertionError);
}

TEST_CASE("no answer is wrong, unknown gold does not count") {
  const std::vector<Answer> predicted = letters({0, 1, -1, 2, 3, -1});
  const std::vector<Gold> gold = golds({0, 2, 1, 2, -1, -1});
  const evaluate::Proportion p = evaluate::accuracy(predicted, gold);
  CHECK(p.hits == 2);
  CHECK(p.trials == 4);
  CHECK_THROWS_AS(static_cast<void>(evaluate::accuracy(predicted, golds({0}))), litestage::AssertionError);
}

TEST_CASE("any of several right answers counts") {
  const std::vector<Answer> predicted = {{"18"}, {"20"}, {"7"}, {}};
  const std::vector<Gold> gold = {{{"18"}, {"20"}}, {{"18"}, {"20"}}, {{"18"}, {"20"}}, {{"18"}}};
  CHECK(evaluate::accuracy(predicted, gold) == evaluate::proportion(2, 4));
}

TEST_CASE("two runs agree where both give the same answer") {
  const std::vector<Answer> a = letters({0, 1, -1, 2, -1}), b = letters({0, 2, -1, 2, 1});
  const evaluate::Proportion p = evaluate::agreement(a, b);
  CHECK(p.hits == 2);
  CHECK(p.trials == 5);
  CHECK_THROWS_AS(static_cast<void>(evaluate::agreement(a, std::vector<Answer>{})), litestage::AssertionError);
}
