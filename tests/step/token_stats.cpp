// What statistics are computed from the sums of a row, worked out by hand.
#include "litestage/step/token_stats.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "common/close.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

// Logits 3, 3 - ln 2 and 3 - ln 4: their probabilities are 4/7, 2/7 and 1/7.
[[nodiscard]] LogitSums three_logits() {
  LogitSums row;
  row.token = 5;
  row.maximum = 3;
  row.largest.fill(-infinity);
  for (const int half : {0, 1, 2}) {
    const double d = -half * std::log(2.0);
    row.largest[static_cast<std::size_t>(half)] = 3 + d;
    ExpSums one;
    one.add(std::exp(d), d);
    row.sums.add(one);
  }
  return row;
}

[[nodiscard]] bool near(float found, double expected) {
  return close(static_cast<double>(found), expected, 0x1p-22);
}

}  // namespace

TEST_CASE("token statistics of three logits") {
  const TokenStats stats = token_stats_of(three_logits(), all_signals);
  CHECK(stats.token == 5);
  CHECK(stats.finite);
  CHECK(stats.max_logit == 3);
  CHECK(near(stats.max_prob, 4 / 7.0));
  CHECK(near(stats.margin, 2 / 7.0));
  CHECK(near(stats.log_prob, std::log(4 / 7.0)));
  CHECK(near(stats.entropy, std::log(7.0) - 10 / 7.0 * std::log(2.0)));
  CHECK(near(stats.top_log_probs[2], -std::log(7.0)));
  CHECK(stats.top_log_probs[3] == -std::numeric_limits<float>::infinity());
}

TEST_CASE("what a signal needs is enough for it, and gives no other") {
  const LogitSums row = three_logits();
  const TokenStats all = token_stats_of(row, all_signals);
  for (unsigned bit = 1; bit <= static_cast<unsigned>(all_signals); bit *= 2) {
    CAPTURE(bit);
    const auto signal = static_cast<Signal>(bit);
    LogitSums given = row;
    if (!needs_sums(signal)) given.sums = {};
    for (std::size_t i = needs_largest(signal); i < given.largest.size(); ++i) given.largest[i] = infinity;
    const TokenStats found = token_stats_of(given, signal);
    int numbers = 0;
    const auto compare = [&](float x, float y) {
      if (std::isnan(x)) return;
      ++numbers;
      CHECK(x == y);
    };
    compare(found.max_logit, all.max_logit);
    compare(found.max_prob, all.max_prob);
    compare(found.margin, all.margin);
    compare(found.entropy, all.entropy);
    compare(found.log_prob, all.log_prob);
    compare(found.top_log_probs[0], all.top_log_probs[0]);
    CHECK(numbers == 1);
    if (signal == Signal::top_log_probs) CHECK(found.top_log_probs == all.top_log_probs);
  }
}
