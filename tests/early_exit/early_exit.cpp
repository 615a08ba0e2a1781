#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/error_of.hpp"
#include "common/verdicts.hpp"
#include "litestage/early_exit/any.hpp"
#include "litestage/early_exit/standard.hpp"

using namespace litestage;
using early_exit::LowConfidence;
using test::drop, test::go, test::keep, test::verdicts_of_probs, test::Verdicts;

namespace {

// Stops with a fixed verdict at one token.
struct StopAt {
  static constexpr Signal signals = Signal::none;
  int at = 0;
  Verdict verdict = Verdict::stop_keep;
  struct State {
    int seen = 0;
  };
  State begin(const RequestInfo&) const { return {}; }
  Verdict observe(State& state, const StepInfo&, const TokenStats&) const {
    return state.seen++ == at ? verdict : Verdict::go_on;
  }
};

}  // namespace

TEST_CASE("low confidence: nothing is tested before the window is full") {
  const LowConfidence<> policy{{}, 3, 0.5f};
  CHECK(verdicts_of_probs(policy, {0, 0, 0, 1, 1, 1}) == Verdicts{go, go, drop, drop, go, go});
  CHECK(verdicts_of_probs(policy, {0, 0}) == Verdicts{go, go});
}

TEST_CASE("low confidence: the mean is of the last values only, and a mean equal to the threshold stops") {
  // Windows of two: (1, .5) .75 | (.5, .25) .375 | (.25, .75) .5 | (.75, .5) .625 | (.5, .5) .5
  const LowConfidence<> policy{{}, 2, 0.5f};
  CHECK(verdicts_of_probs(policy, {1, 0.5f, 0.25f, 0.75f, 0.5f, 0.5f}) == Verdicts{go, go, drop, drop, go, drop});
  const float just_above = 0.50000006f;
  CHECK(verdicts_of_probs(policy, {0.5f, just_above}) == Verdicts{go, go});
}

TEST_CASE("low confidence: windows of one, and of many more values than came") {
  CHECK(verdicts_of_probs(LowConfidence<>{{}, 1, 0.25f}, {0.5f, 0.25f, 0.3f, 0.1f}) == Verdicts{go, drop, go, drop});
  CHECK(verdicts_of_probs(LowConfidence<>{{}, 4096, 1}, std::vector<float>(100, 0.0f)) == Verdicts(100, go));
}

TEST_CASE("low confidence: without warm-up the values there are count from the first token on") {
  const LowConfidence<> policy{{}, 3, 0.5f, WarmUp::none};
  // Means: .625 | .4375 | .5 | .375
  CHECK(verdicts_of_probs(policy, {0.625f, 0.25f, 0.625f, 0.25f}) == Verdicts{go, drop, drop, drop});
}

TEST_CASE("low confidence: a NaN never stops, and is forgotten when it leaves the window") {
  const LowConfidence<> policy{{}, 2, 0.5f};
  CHECK(verdicts_of_probs(policy, {0, std::numeric_limits<float>::quiet_NaN(), 0, 0, 1, 1}) ==
        Verdicts{go, go, go, drop, drop, go});
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(verdicts_of_probs(policy, {-inf, inf, -inf, -inf}) == Verdicts{go, go, go, drop});
}

TEST_CASE("low confidence: a mean does not depend on where the ring begins") {
  const std::vector<float> window = {0.1f, 0.7f, 0.3f, 0.9f, 0.2f};
  for (std::size_t before = 0; before < 11; ++before) {
    std::vector<float> probs(before, 1.0f);
    probs.insert(probs.end(), window.begin(), window.end());
    double sum = 0;
    for (const float p : window) sum += static_cast<double>(p);
    const LowConfidence<> above{{}, 5, static_cast<float>(sum / 5) + 1e-6f},
        below{{}, 5, static_cast<float>(sum / 5) - 1e-6f};
    CHECK(verdicts_of_probs(above, probs).back() == drop);
    CHECK(verdicts_of_probs(below, probs).back() == go);
  }
}

TEST_CASE("low confidence: requests do not share what they saw") {
  const LowConfidence<> policy{{}, 2, 0.5f};
  CHECK(verdicts_of_probs(policy, {0}) == Verdicts{go});
  CHECK(verdicts_of_probs(policy, {0}) == Verdicts{go});
}

TEST_CASE("any stops when either stops, and both see every token") {
  using Both = early_exit::Any<StopAt, StopAt>;
  CHECK(verdicts_of_probs(Both{{1, keep}, {3, drop}}, std::vector<float>(5)) == Verdicts{go, keep, go, drop, go});
  CHECK(verdicts_of_probs(Both{{3, drop}, {1, keep}}, std::vector<float>(5)) == Verdicts{go, keep, go, drop, go});
}

TEST_CASE("any: if both stop at once, the token is dropped if either says so") {
  using Both = early_exit::Any<StopAt, StopAt>;
  CHECK(verdicts_of_probs(Both{{1, keep}, {1, drop}}, std::vector<float>(2)).back() == drop);
  CHECK(verdicts_of_probs(Both{{1, drop}, {1, keep}}, std::vector<float>(2)).back() == drop);
  CHECK(verdicts_of_probs(Both{{1, keep}, {1, keep}}, std::vector<float>(2)).back() == keep);
}
