#include "litestage/early_exit/looking_ahead/trial_answer.hpp"

#include <doctest/doctest.h>

#include <limits>

#include "common/look_aheads.hpp"
#include "common/verdicts.hpp"

using namespace litestage;
using early_exit::TrialAnswer;
using test::go, test::keep, test::trial, test::verdicts_ahead, test::Verdicts;

TEST_CASE("trial answer: the geometric mean of the answer's tokens decides, and must be above the threshold") {
  TrialAnswer policy;
  policy.threshold = 0.5f;
  CHECK(policy.confidence(trial(" 18", {0.5f, 0.5f})) == doctest::Approx(0.5));
  CHECK(verdicts_ahead(policy, {trial(" 18", {0.5f, 0.5f}), trial(" 18", {0.75f, 0.5f}), trial(" 1", {0.25f, 0.9f})}) ==
        Verdicts{go, keep, go});
  CHECK(policy.confidence(trial(" 18", {0.9f, 0.4f})) == doctest::Approx(0.6));
}

TEST_CASE("trial answer: the token that ended the reading does not count, and no text is no answer") {
  TrialAnswer policy;
  policy.threshold = 0.5f;
  CHECK(policy.confidence(trial(" 18", {0.9f, 0.4f, 0.001f}, 1)) == doctest::Approx(0.6));
  CHECK(verdicts_ahead(policy, {trial("", {0.99f}, 1)}) == Verdicts{go});
}

TEST_CASE("trial answer: the three means of DEER") {
  const LookAheadResult seen = trial(" 180", {0.9f, 0.4f, 0.8f});
  TrialAnswer policy;
  policy.mean = TrialMean::arithmetic;
  CHECK(policy.confidence(seen) == doctest::Approx(0.7));
  policy.mean = TrialMean::lowest;
  CHECK(policy.confidence(seen) == doctest::Approx(0.4));
  policy.mean = TrialMean::geometric;
  CHECK(policy.confidence(seen) == doctest::Approx(0.6603854));
}

TEST_CASE("trial answer: a probability that is not a number never stops") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const TrialMean mean : {TrialMean::arithmetic, TrialMean::geometric, TrialMean::lowest}) {
    TrialAnswer policy;
    policy.threshold = 0;
    policy.mean = mean;
    CHECK(verdicts_ahead(policy, {trial(" 18", {nan})}) == Verdicts{go});
  }
}

TEST_CASE("trial answer: it asks with its own words at the points of its settings") {
  TrialAnswer policy;
  policy.min_tokens = 1;
  auto state = policy.begin({});
  CHECK_FALSE(policy.look_ahead(state, {}, "It"));
  const std::optional<LookAhead> asked = policy.look_ahead(state, {}, " is.");
  REQUIRE(asked);
  CHECK(asked->text == "\nThe answer is");
  CHECK(asked->max_tokens == 8);
  CHECK(asked->stop == std::vector<std::string>{"\n", ". "});
  CHECK(test::verdicts(policy, std::vector<TokenStats>(3)) == Verdicts{go, go, go});
}
