#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/verdicts.hpp"
#include "litestage/early_exit/entropy_variance.hpp"

using namespace litestage;
using early_exit::EntropyVariance;
using test::go, test::keep, test::Verdicts;

namespace {

Verdicts verdicts(const EntropyVariance& policy, const std::vector<float>& entropies) {
  return test::verdicts(policy, test::tokens(&TokenStats::entropy, entropies));
}

}  // namespace

TEST_CASE("entropy variance: stops and keeps the token when the weighted variance is strictly below the threshold") {
  // alpha 1/2:  entropy  4   0    2   2      2
  //             mean     4   2    2   2      2
  //             variance 0   2    1   .5     .25
  const std::vector<float> entropies = {4, 0, 2, 2, 2};
  CHECK(verdicts({0.5f, 0.5f, 1}, entropies) == Verdicts{keep, go, go, go, keep});
  CHECK(verdicts({0.5f, 1.5f, 1}, entropies) == Verdicts{keep, go, keep, keep, keep});
  // alpha 1/4: mean 4 3 2.75 (after 0, 2), variance 0 2.25 1.828125
  CHECK(verdicts({0.25f, 1.828125f, 1}, {4, 0, 2}) == Verdicts{keep, go, go});
  CHECK(verdicts({0.25f, 1.8282f, 1}, {4, 0, 2}) == Verdicts{keep, go, keep});
}

TEST_CASE("entropy variance: not before the least number of tokens") {
  const std::vector<float> steady(6, 1.5f);
  CHECK(test::first_stop(verdicts({0.5f, 0.1f, 4}, steady)) == 3);
  CHECK(test::first_stop(verdicts({0.5f, 0.1f, 4}, steady)) == 3);  // every branch counts its own
  CHECK(test::first_stop(verdicts({0.5f, 0.1f, 7}, steady)) == -1);
  CHECK(test::first_stop(verdicts({0.5f, 0, 1}, steady)) == -1);  // nothing is below 0
}

TEST_CASE("entropy variance: after a NaN it never stops") {
  const float not_a_number = std::numeric_limits<float>::quiet_NaN();
  CHECK(verdicts({0.5f, 9, 2}, {1, 1, not_a_number, 1, 1}) == Verdicts{go, keep, go, go, go});
}
