#include <doctest/doctest.h>

#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/skip/short_gpt.hpp"

using namespace litestage;
using test::in_decode, test::in_prefill, test::skipped_layers;
using Layers = std::vector<int>;

TEST_CASE("short gpt: the layers of the lowest influence go first, of equals the upper one") {
  const std::vector<float> influence = {0.9f, 0.25f, 0.125f, 0.25f, 0.5f};
  CHECK(skip::ShortGPT{5, influence}.skipped_layers(5) == Layers{2, 3, 1, 4, 0});
  CHECK(skip::ShortGPT{2, influence}.skipped_layers(5) == Layers{2, 3});
  for (const StepInfo step : {in_prefill, in_decode}) {
    CHECK(skipped_layers(skip::ShortGPT{0, influence}, step, 5).empty());
    CHECK(skipped_layers(skip::ShortGPT{2, influence}, step, 5) == Layers{2, 3});
    CHECK(skipped_layers(skip::ShortGPT{3, influence}, step, 5) == Layers{1, 2, 3});
  }
  CHECK(skip::ShortGPT{3, std::vector<float>(31, 0.5f)}.skipped_layers(31) == Layers{30, 29, 28});
}

TEST_CASE("short gpt: the phase limits when, kv goes with each skip") {
  const skip::ShortGPT decoding{1, {0.5f, 0.25f, 0.75f}, Phases::decode, KvOnSkip::project};
  CHECK(skipped_layers(decoding, in_prefill, 3).empty());
  CHECK(skipped_layers(decoding, in_decode, 3) == Layers{1});
  CHECK(decoding.decide(decoding.begin({3, 0, "recall", 8}), in_decode, {Unit::attention, 1}) ==
        SkipDecision{true, 1, KvOnSkip::project});
}

TEST_CASE("short gpt: without the influence of every layer, or with too many layers, nothing begins") {
  const auto refused = [](const skip::ShortGPT& policy) {
    return test::error_of([&] { static_cast<void>(policy.begin({3, 0, "recall", 8})); });
  };
  CHECK(refused({}) ==
        "skip policy short_gpt, influence: found 0 values, expected 3, one to each layer of this model (the program "
        "calibrate measures them)");
  CHECK(refused({1, {1, 2, 3, 4}}).find("found 4 values") != std::string::npos);
  CHECK(refused({4, {1, 2, 3}}) == "skip policy short_gpt, layers: found 4, expected 0 to 3 of this model's 3 layers");
}
