#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/verdicts.hpp"
#include "litestage/confidence/standard.hpp"
#include "litestage/early_exit/confident_run.hpp"

using namespace litestage;
using early_exit::ConfidentRun;
using test::go, test::keep, test::Verdicts;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

template <class P>
Verdicts verdicts(const P& policy, const std::vector<float>& probs) {
  return test::verdicts(policy, test::tokens(&TokenStats::max_prob, probs));
}

}  // namespace

TEST_CASE("confident run: so many tokens at or above the threshold, one after the other") {
  const ConfidentRun<> policy{{}, 0.75f, 3};
  CHECK(verdicts(policy, {1, 0.75f, 0.9f, 0.8f}) == Verdicts{go, go, keep, keep});
  CHECK(verdicts(policy, {1, 1, 0.74f, 1, 1, 1, 0}) == Verdicts{go, go, go, go, go, keep, go});
  CHECK(verdicts(policy, {1, 1}) == Verdicts{go, go});
  CHECK(verdicts(policy, {1}) == Verdicts{go});  // another branch: it begins afresh
  CHECK(verdicts(ConfidentRun<>{{}, 0.5f, 1}, {0.4f, 0.5f}) == Verdicts{go, keep});
}

TEST_CASE("confident run: a NaN ends a run") {
  CHECK(verdicts(ConfidentRun<>{{}, 0.5f, 2}, {1, not_a_number, 1, 1}) == Verdicts{go, go, go, keep});
}

TEST_CASE("confident run: by default 16 tokens of .95, and any criterion will do") {
  CHECK(test::first_stop(verdicts(ConfidentRun<>{}, std::vector<float>(20, 0.95f))) == 15);
  CHECK(test::first_stop(verdicts(ConfidentRun<>{}, std::vector<float>(20, 0.94f))) == -1);
  const ConfidentRun<confidence::Standard> by_entropy{confidence::NegEntropy{}, -0.5f, 2};
  CHECK(signals_read(by_entropy) == Signal::entropy);
  CHECK(test::verdicts(by_entropy, test::tokens(&TokenStats::entropy, std::vector<float>{0.25f, 0.75f, 0.5f, 0})) ==
        Verdicts{go, go, go, keep});
}
