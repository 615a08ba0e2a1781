#include <doctest/doctest.h>

#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/skip/skip_decode.hpp"

using namespace litestage;
using test::decode_step, test::in_prefill, test::skipped_layers;
using Layers = std::vector<int>;

TEST_CASE("skip decode: layers skipped after so many decode steps") {
  // S = 6, T = 128: ceil(5 t / 128) + 1.
  const struct {
    int step, layers;
  } expected[] = {{0, 1}, {1, 2}, {25, 2}, {26, 3}, {52, 4}, {64, 4}, {103, 6}, {128, 6}, {1000, 6}};
  for (const auto& e : expected) {
    Layers band;
    for (int l = 1; l <= e.layers; ++l) band.push_back(l);
    CAPTURE(e.step);
    CHECK(skipped_layers(skip::SkipDecode{6}, decode_step(e.step), 12, 128) == band);
  }
}

TEST_CASE("skip decode: a layer that runs has run in every step before, and layer 0 and the top always run") {
  for (const int cap : {1, 2, 7, 31}) {
    Layers before;
    for (int step = 0; step < cap + 2; ++step) {
      const Layers now = skipped_layers(skip::SkipDecode{5}, decode_step(step), 8, cap);
      CHECK(now.size() >= before.size());
      CHECK(now.front() == 1);
      CHECK(now.back() == static_cast<int>(now.size()));
      CHECK(now.size() <= 5);
      before = now;
    }
    CHECK(before == Layers{1, 2, 3, 4, 5});
  }
  CHECK(skipped_layers(skip::SkipDecode{0}, decode_step(9), 8).empty());
  CHECK(skipped_layers(skip::SkipDecode{1}, decode_step(9), 8) == Layers{1});
  CHECK(skipped_layers(skip::SkipDecode{7}, decode_step(99), 8) == Layers{1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("skip decode: prefill is as step 0, runs every layer, or skips the whole band") {
  using Variant = SkipDecodeVariant;
  CHECK(skipped_layers(skip::SkipDecode{4}, in_prefill, 8) == Layers{1});
  CHECK(skipped_layers(skip::SkipDecode{4, Variant::decode}, in_prefill, 8).empty());
  CHECK(skipped_layers(skip::SkipDecode{4, Variant::decode}, decode_step(0), 8) == Layers{1});
  CHECK(skipped_layers(skip::SkipDecode{4, Variant::prefill}, in_prefill, 8) == Layers{1, 2, 3, 4});
  CHECK(skipped_layers(skip::SkipDecode{4, Variant::prefill}, decode_step(0), 8) == Layers{1, 2, 3, 4});
}

TEST_CASE("skip decode as released: prefill skips more than the first decode steps, which then lack the prompt's K/V") {
  const skip::SkipDecode intended{4}, released{4, SkipDecodeVariant::end_to_end, true};
  CHECK(skipped_layers(intended, in_prefill, 8, 16) == Layers{1});
  CHECK(skipped_layers(released, in_prefill, 8, 16) == Layers{1, 2, 3, 4});  // ceil(15 * 3 / 16) + 1
  CHECK(skipped_layers(released, in_prefill, 8, 2) == Layers{1, 2, 3});      // ceil(1 * 3 / 2) + 1
  CHECK(skipped_layers(released, in_prefill, 8, 1) == Layers{1});            // no decode step, nothing to leak
  for (const int step : {0, 1, 7, 15}) {
    CHECK(skipped_layers(released, decode_step(step), 8, 16) == skipped_layers(intended, decode_step(step), 8, 16));
  }
  // The counter is no concern of the other two programs.
  for (const SkipDecodeVariant variant : {SkipDecodeVariant::prefill, SkipDecodeVariant::decode}) {
    CHECK(skipped_layers(skip::SkipDecode{4, variant, true}, in_prefill, 8) ==
          skipped_layers(skip::SkipDecode{4, variant, false}, in_prefill, 8));
  }
}

TEST_CASE("skip decode: a request without a cap, and a band above the model") {
  CHECK(skipped_layers(skip::SkipDecode{4}, in_prefill, 8, 0) == Layers{1});
  CHECK(skipped_layers(skip::SkipDecode{4}, decode_step(1), 8, 0) == Layers{1, 2, 3, 4});
  CHECK(test::error_of([] {
          static_cast<void>(skip::SkipDecode{4}.begin({4, 0, "recall", 8}));
        }) == "skip policy skip_decode, layers: found 4, expected 0 to 3 of this model's 4 layers");
}
