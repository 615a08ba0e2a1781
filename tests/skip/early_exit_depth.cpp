#include <doctest/doctest.h>

#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/skip/early_exit_depth.hpp"

using namespace litestage;
using test::in_decode, test::in_prefill, test::skipped_layers;

TEST_CASE("early exit depth: both sub-layers of the last layers are skipped, no more and no fewer") {
  for (const StepInfo step : {in_prefill, in_decode}) {
    CHECK(skipped_layers(skip::EarlyExitDepth{2}, step, 7) == std::vector<int>{5, 6});
    CHECK(skipped_layers(skip::EarlyExitDepth{0}, step, 7).empty());
    CHECK(skipped_layers(skip::EarlyExitDepth{3}, step, 3) == std::vector<int>{0, 1, 2});
  }
  CHECK(skipped_layers(skip::EarlyExitDepth{}, in_decode, 30) == std::vector<int>{26, 27, 28, 29});
}

TEST_CASE("early exit depth: the phase limits when, kv goes with each skip") {
  const skip::EarlyExitDepth decoding{1, Phases::decode, KvOnSkip::project};
  CHECK(skipped_layers(decoding, in_prefill, 4).empty());
  CHECK(skipped_layers(decoding, in_decode, 4) == std::vector<int>{3});
  CHECK(decoding.decide(decoding.begin({4, 0, "recall", 8}), in_decode, {Unit::attention, 3}) ==
        SkipDecision{true, 1, KvOnSkip::project});
}

TEST_CASE("early exit depth: more layers than the model has are an error") {
  CHECK(test::error_of([] {
          static_cast<void>(skip::EarlyExitDepth{5}.begin({4, 0, "recall", 8}));
        }) == "skip policy early_exit_depth, layers: found 5, expected 0 to 4 of this model's 4 layers");
}
