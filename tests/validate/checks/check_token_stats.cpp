// The comparison of a token's statistics: which differences are reported.
#include "litestage/validate/checks/check_token_stats.hpp"

#include <doctest/doctest.h>

#include <limits>

using namespace litestage;
using namespace litestage::validation;

namespace {

[[nodiscard]] TokenStats sample_stats() {
  TokenStats stats;
  stats.token = 7;
  stats.finite = true;
  stats.max_logit = 3;
  stats.max_prob = 0.5f;
  stats.margin = 0.25f;
  stats.entropy = 1.5f;
  stats.log_prob = -0.7f;
  for (float& top : stats.top_log_probs) top = -2;
  return stats;
}

// The check of one row of 100 logits whose statistics are modified by `change`.
template <class Change>
[[nodiscard]] StatsCheck checked(const Change& change) {
  StatsCheck check{1, 100};
  TokenStats found = sample_stats();
  change(found);
  compare_stats(check, found, sample_stats());
  return check;
}

}  // namespace

TEST_CASE("token statistics: equal ones pass, and differences count by what rounding allows") {
  CHECK(checked([](TokenStats&) {}).passed());
  CHECK(checked([](TokenStats&) {}).largest == 0);
  constexpr float allowed = (100 + 16) * 0x1p-24f;
  CHECK(checked([&](TokenStats& s) { s.max_prob += allowed / 2; }).passed());
  CHECK(!checked([&](TokenStats& s) { s.max_prob += 2 * allowed; }).passed());
  CHECK(!checked([&](TokenStats& s) { s.top_log_probs[3] += 8 * allowed; }).passed());
  CHECK(!checked([](TokenStats& s) { s.entropy = std::numeric_limits<float>::quiet_NaN(); }).passed());
}

TEST_CASE("token statistics: the token, the largest logit and `finite` must be the same") {
  CHECK(!checked([](TokenStats& s) { s.token = 8; }).passed());
  CHECK(!checked([](TokenStats& s) { s.max_logit = 3.0000002f; }).passed());
  CHECK(!checked([](TokenStats& s) { s.finite = false; }).passed());
}
