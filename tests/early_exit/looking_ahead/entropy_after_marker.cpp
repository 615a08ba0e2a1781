#include "litestage/early_exit/looking_ahead/entropy_after_marker.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/look_aheads.hpp"
#include "common/verdicts.hpp"

using namespace litestage;
using early_exit::EntropyAfterMarker;
using test::go, test::keep, test::Verdicts;

namespace {

[[nodiscard]] Verdicts verdicts(const EntropyAfterMarker& policy, const std::vector<float>& entropies) {
  std::vector<LookAheadResult> seen;
  for (const float e : entropies) seen.push_back(test::trial_of_entropy(e));
  return test::verdicts_ahead(policy, seen);
}

}  // namespace

TEST_CASE("entropy after a marker: EAT's weighted variance, worked out by hand") {
  EntropyAfterMarker policy;
  policy.alpha = 0.5f;
  policy.min_looks = 1;
  // Entropies 2, 4, 4, 4: means 2, 3, 3.5, 3.75; variances 0, (0 + 1) / 2 = .5, (.5 + .25) / 2 = .375,
  // (.375 + .0625) / 2 = .21875.
  policy.threshold = 0.375f;
  CHECK(verdicts(policy, {2, 4, 4, 4}) == Verdicts{keep, go, go, keep});
  policy.threshold = 0.3751f;
  CHECK(verdicts(policy, {2, 4, 4, 4}) == Verdicts{keep, go, keep, keep});
  policy.min_looks = 4;
  CHECK(verdicts(policy, {2, 4, 4, 4}) == Verdicts{go, go, go, keep});
}

TEST_CASE("entropy after a marker: an entropy that is not a number never stops") {
  EntropyAfterMarker policy;
  policy.min_looks = 1;
  CHECK(verdicts(policy, {std::numeric_limits<float>::quiet_NaN(), 1, 1, 1, 1}) == Verdicts{go, go, go, go, go});
}

TEST_CASE("entropy after a marker: it reads one distribution, at line ends") {
  EntropyAfterMarker policy;
  policy.min_tokens = 1;
  auto state = policy.begin({});
  CHECK_FALSE(policy.look_ahead(state, {}, "It is."));
  const std::optional<LookAhead> asked = policy.look_ahead(state, {}, "\n");
  REQUIRE(asked);
  CHECK(asked->text == "\nThe answer is");
  CHECK(asked->max_tokens == 1);
}
