// The stopping rule of EAT (arXiv 2509.26522, xidulu/EAT @93a46f7 early_stopping_utils.py): generation ends when the
// entropy has stabilised, that is, when its exponentially weighted variance is small.
#pragma once

#include <string_view>
#include <vector>

#include "litestage/early_exit/weighted_variance.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// EAT measures the entropy after an end-of-thinking marker, which it appends, and removes again, after every paragraph.
// Here the entropy is that of every chosen token's own distribution: this needs no second forward pass but is a
// different signal, so EAT's thresholds do not apply. The weights, the threshold and the minimum number of tokens are
// ours. After a NaN the policy never stops.
struct EntropyVariance {
  static constexpr std::string_view name = "entropy_variance";
  static constexpr std::string_view summary = "stops when the entropy of the tokens has settled (after EAT)";
  static constexpr Signal signals = Signal::entropy;

  float alpha = 0.2f;
  float threshold = 0.05f;
  int min_tokens = 16;

  using State = WeightedVariance;  // nats, nats squared
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats& token) const {
    state.push(token.entropy, alpha);
    const bool enough = state.seen >= min_tokens;
    return enough && state.variance < threshold ? Verdict::stop_keep : Verdict::go_on;
  }

  // The thresholds that a search tries; ours.
  [[nodiscard]] std::vector<EntropyVariance> ladder() const {
    return with_each(*this, &EntropyVariance::threshold, {0.001f, 0.003f, 0.01f, 0.03f, 0.1f, 0.3f, 1.0f});
  }

  static constexpr auto fields() {
    return Fields(
        Field("alpha", &EntropyVariance::alpha, "weight of the newest token in mean and variance", 0.001, 1),
        Field("threshold", &EntropyVariance::threshold, "a variance below this stops the branch (nats squared)", 0),
        Field("min_tokens", &EntropyVariance::min_tokens, "number of tokens before the first test", 1, 100000));
  }
  friend bool operator==(const EntropyVariance&, const EntropyVariance&) = default;
};

}  // namespace litestage::early_exit
