// The sub-layers that a skip policy skips in one step.
#pragma once

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

#include "litestage/step/types.hpp"

namespace litestage::test {

inline constexpr StepInfo in_prefill{Phase::prefill, 0};
inline constexpr StepInfo in_decode{Phase::decode, 5};

[[nodiscard]] constexpr StepInfo decode_step(int step) {
  return {Phase::decode, step};
}

[[nodiscard]] constexpr RequestInfo request(std::string_view stage, int n_layers = 4) {
  return {n_layers, 0, stage, 64};
}

// Sublayer::index() of the skipped sub-layers.
template <class P>
[[nodiscard]] std::vector<int> skipped(const P& policy, const typename P::State& state, StepInfo step, int n_layers) {
  std::vector<int> result;
  for (int i = 0; i < 2 * n_layers; ++i) {
    if (policy.decide(state, step, Sublayer::at(i)).skip) result.push_back(i);
  }
  return result;
}
template <class P>
[[nodiscard]] std::vector<int> skipped(const P& policy, StepInfo step, const RequestInfo& request) {
  return skipped(policy, policy.begin(request), step, request.n_layers);
}

// The layers that a policy of whole layers skips.
template <class P>
[[nodiscard]] std::vector<int> skipped_layers(const P& policy, StepInfo step, int n_layers, int max_new_tokens = 64) {
  const std::vector<int> sublayers = skipped(policy, step, {n_layers, 0, "recall", max_new_tokens});
  std::vector<int> result;
  for (std::size_t i = 0; i < sublayers.size(); i += 2) {
    result.push_back(sublayers[i] / 2);
    CHECK(sublayers[i] % 2 == 0);
    REQUIRE(i + 1 < sublayers.size());
    CHECK(sublayers[i + 1] == sublayers[i] + 1);
  }
  return result;
}

}  // namespace litestage::test
