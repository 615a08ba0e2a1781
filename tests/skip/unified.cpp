#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/skip/unified.hpp"

using namespace litestage;
using test::in_decode, test::in_prefill, test::skipped_layers;
using Layers = std::vector<int>;

namespace {

skip::Unified unified(int layers, UnifiedMode mode) {
  return {layers, mode, Phases::both};
}
constexpr auto exact = UnifiedMode::exact, adaskip = UnifiedMode::adaskip, original = UnifiedMode::original;

}  // namespace

TEST_CASE("unified as AdaSkip releases it: how many layers are really skipped") {
  // l mod floor(L / S) = 1, S from 1 to 11; nothing where S > L / 2.
  struct Row {
    int n_layers;
    std::vector<std::size_t> counts;
  };
  const Row rows[] = {{16, {1, 2, 3, 4, 5, 8, 8, 8, 0, 0, 0}},
                      {22, {1, 2, 3, 5, 6, 7, 7, 11, 11, 11, 11}},
                      {24, {1, 2, 3, 4, 6, 6, 8, 8, 12, 12, 12}},
                      {28, {1, 2, 3, 4, 6, 7, 7, 9, 9, 14, 14}},
                      {32, {1, 2, 4, 4, 6, 7, 8, 8, 11, 11, 16}}};
  for (const Row& row : rows) {
    for (std::size_t s = 1; s <= row.counts.size(); ++s) {
      CAPTURE(row.n_layers);
      CAPTURE(s);
      CHECK(unified(static_cast<int>(s), adaskip).skipped_layers(row.n_layers).size() == row.counts[s - 1]);
    }
    for (int s = row.n_layers / 2 + 1; s <= row.n_layers; ++s) {
      CHECK(unified(s, adaskip).skipped_layers(row.n_layers).empty());
    }
  }
  CHECK(unified(3, adaskip).skipped_layers(16) == Layers{1, 6, 11});
  CHECK(unified(4, adaskip).skipped_layers(16) == Layers{1, 5, 9, 13});
}

TEST_CASE("unified, exact: so many layers, evenly spaced, with layer 0 and the last kept") {
  // The layers 1 to 14 in three parts: the middles of three parts: 1 + floor(14/6, 42/6, 70/6).
  CHECK(unified(3, exact).skipped_layers(16) == Layers{3, 8, 12});
  CHECK(unified(1, exact).skipped_layers(5) == Layers{2});
  CHECK(unified(2, exact).skipped_layers(4) == Layers{1, 2});
  CHECK(unified(3, exact).skipped_layers(4) == Layers{1, 2, 3});  // only then the last one
  CHECK(unified(0, exact).skipped_layers(1).empty());
  for (int n_layers = 2; n_layers <= 40; ++n_layers) {
    for (int s = 1; s < n_layers; ++s) {
      const Layers layers = unified(s, exact).skipped_layers(n_layers);
      CHECK(layers.size() == static_cast<std::size_t>(s));
      CHECK(std::adjacent_find(layers.begin(), layers.end(), std::greater_equal<>()) == layers.end());
      CHECK(layers.front() >= 1);
      CHECK(layers.back() <= (s == n_layers - 1 ? n_layers - 1 : n_layers - 2));
      int widest = 0, narrowest = n_layers;
      for (std::size_t i = 1; i < layers.size(); ++i) {
        widest = std::max(widest, layers[i] - layers[i - 1]);
        narrowest = std::min(narrowest, layers[i] - layers[i - 1]);
      }
      if (s > 1) CHECK(widest - narrowest <= 1);
    }
  }
}

TEST_CASE("unified, original: the reserved layers of its code") {
  // 30 layers at speedup 2: n = 15, interval int(30 / 14) = 2, kept 0, 2, ..., 26 and 29.
  CHECK(unified(15, original).skipped_layers(30) == Layers{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 28});
  // 30 layers at speedup 1.5: n = 20, interval 1, kept 0 to 18 and 29. Not balanced, as released.
  CHECK(unified(10, original).skipped_layers(30) == Layers{19, 20, 21, 22, 23, 24, 25, 26, 27, 28});
  // The interval is 1 below S = L/2 - 1, there 2.
  CHECK(unified(13, original).skipped_layers(30) == Layers{16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28});
  CHECK(unified(14, original).skipped_layers(30) == Layers{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27});
  CHECK(unified(28, original).skipped_layers(30).size() == 28);  // interval 30: 0 and 29 are kept
  for (int n_layers = 2; n_layers <= 40; ++n_layers) {
    for (int s = 0; s <= n_layers - 2; ++s) {
      CHECK(unified(s, original).skipped_layers(n_layers).size() == static_cast<std::size_t>(s));
    }
  }
}

TEST_CASE("unified: the original acts in decode alone and refers to the layer below, the others follow the phase") {
  CHECK(skipped_layers(unified(2, exact), in_prefill, 6) == Layers{2, 4});
  CHECK(skipped_layers(unified(2, exact), in_decode, 6) == Layers{2, 4});
  skip::Unified decoding = unified(2, adaskip);
  decoding.phase = Phases::decode;
  CHECK(skipped_layers(decoding, in_prefill, 6).empty());
  CHECK(skipped_layers(decoding, in_decode, 6) == Layers{1, 4});
  skip::Unified first = unified(3, original);  // n = 3, interval 3: keeps 0, 3, 5
  for (const Phases phase : {Phases::both, Phases::prefill, Phases::decode}) {
    first.phase = phase;
    CHECK(skipped_layers(first, in_prefill, 6).empty());
    CHECK(skipped_layers(first, in_decode, 6) == Layers{1, 2, 4});
    CHECK(first.decide(first.begin({6, 0, "recall", 8}), in_decode, {Unit::attention, 1}) ==
          SkipDecision{true, 1, KvOnSkip::copy_below});
  }
  const skip::Unified plain = unified(2, exact);
  CHECK(plain.decide(plain.begin({6, 0, "recall", 8}), in_decode, {Unit::attention, 2}) == SkipDecision{true});
}

TEST_CASE("unified: a number of layers that the mode cannot skip is an error") {
  const auto refused = [](int layers, UnifiedMode mode) {
    return test::error_of([&] { static_cast<void>(unified(layers, mode).begin({6, 0, "recall", 8})); });
  };
  CHECK(refused(6, exact) == "skip policy unified, layers: found 6, expected 0 to 5 of this model's 6 layers");
  CHECK(refused(7, adaskip) == "skip policy unified, layers: found 7, expected 0 to 6 of this model's 6 layers");
  CHECK(refused(5, original) == "skip policy unified, layers: found 5, expected 0 to 4 of this model's 6 layers");
  CHECK(refused(6, adaskip) == "no error");
}
