#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/verdicts.hpp"
#include "litestage/confidence/standard.hpp"
#include "litestage/early_exit/confident_run.hpp"

using namespace litestage;
using early_exit::ConfidentRun;
using test::go, test::keep, test::verdicts_of_probs, test::Verdicts;

TEST_CASE("confident run: so many tokens at or above the threshold, one after the other") {
  const ConfidentRun<> policy{{}, 0.75f, 3};
  CHECK(verdicts_of_probs(policy, {1, 0.75f, 0.9f, 0.8f}) == Verdicts{go, go, keep, keep});
  CHECK(verdicts_of_probs(policy, {1, 1, 0.74f, 1, 1, 1, 0}) == Verdicts{go, go, go, go, go, keep, go});
  CHECK(verdicts_of_probs(policy, {1, 1}) == Verdicts{go, go});
  CHECK(verdicts_of_probs(policy, {1}) == Verdicts{go});  // another branch: it begins afresh
  CHECK(verdicts_of_probs(ConfidentRun<>{{}, 0.5f, 1}, {0.4f, 0.5f}) == Verdicts{go, keep});
}

TEST_CASE("confident run: a NaN ends a run") {
  CHECK(verdicts_of_probs(ConfidentRun<>{{}, 0.5f, 2}, {1, std::numeric_limits<float>::quiet_NaN(), 1, 1}) ==
        Verdicts{go, go, go, keep});
}

TEST_CASE("confident run: by default 16 tokens of .95, and any criterion will do") {
  CHECK(test::first_stop(verdicts_of_probs(ConfidentRun<>{}, std::vector<float>(20, 0.95f))) == 15);
  CHECK(test::first_stop(verdicts_of_probs(ConfidentRun<>{}, std::vector<float>(20, 0.94f))) == -1);
  const ConfidentRun<confidence::Standard> by_entropy{confidence::NegEntropy{}, -0.5f, 2};
  CHECK(signals_read(by_entropy) == Signal::entropy);
  CHECK(test::verdicts(by_entropy, test::tokens(&TokenStats::entropy, std::vector<float>{0.25f, 0.75f, 0.5f, 0})) ==
        Verdicts{go, go, go, keep});
}
