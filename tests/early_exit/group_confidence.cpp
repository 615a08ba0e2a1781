#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/verdicts.hpp"
#include "litestage/early_exit/group_confidence.hpp"

using namespace litestage;
using early_exit::GroupConfidence;
using test::go, test::keep, test::Verdicts;

namespace {

// Tokens of these confidences: their likeliest k tokens all have log-probability -c, the ones after them -100.
std::vector<TokenStats> of_confidence(const std::vector<float>& confidences, std::size_t k) {
  std::vector<TokenStats> result(confidences.size());
  for (std::size_t i = 0; i < confidences.size(); ++i) {
    result[i].top_log_probs.fill(-100);
    for (std::size_t j = 0; j < k; ++j) result[i].top_log_probs[j] = -confidences[i];
  }
  return result;
}

}  // namespace

TEST_CASE("group confidence: stops and keeps the token when a full group's mean is strictly below the bar") {
  const GroupConfidence policy{2, 6, 3};
  // Means: - | 5 | 6 | 5.5 | 8
  CHECK(test::verdicts(policy, of_confidence({4, 6, 6, 5, 11}, 3)) == Verdicts{go, keep, go, keep, go});
  CHECK(test::verdicts(policy, of_confidence({0}, 3)) == Verdicts{go});
  CHECK(test::verdicts(policy, of_confidence({0}, 3)) == Verdicts{go});  // another branch begins afresh
  CHECK(test::verdicts(GroupConfidence{1, 6, 3}, of_confidence({7, 5}, 3)) == Verdicts{go, keep});
}

TEST_CASE("group confidence: only the k likeliest tokens count") {
  CHECK(test::verdicts(GroupConfidence{1, 6, 5}, of_confidence({5}, 5)) == Verdicts{keep});
  CHECK(test::verdicts(GroupConfidence{1, 6, 5}, of_confidence({5}, 4)) ==
        Verdicts{go});  // the mean is (4 * 5 + 100) / 5
  CHECK(test::verdicts(GroupConfidence{1, 6}, of_confidence({5}, 20)) == Verdicts{keep});
}

TEST_CASE("group confidence: a NaN never stops, and is forgotten when it leaves the group") {
  const float not_a_number = std::numeric_limits<float>::quiet_NaN();
  CHECK(test::verdicts(GroupConfidence{2, 6, 3}, of_confidence({1, not_a_number, 1, 1}, 3)) ==
        Verdicts{go, go, go, keep});
}
