// EAT (arXiv 2509.26522; xidulu/EAT, 93a46f7): after each paragraph of a thought, the entropy of the token that would
// follow an appended marker is read; the thought ends when that entropy has settled.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/early_exit/looking_ahead/look_ahead_points.hpp"
#include "litestage/early_exit/weighted_variance.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// EAT's marker is the end-of-thinking tag of its models, which ours lack; so the marker is a setting, and its default
// asks for the answer. The entropy is in nats at temperature 1 (EAT: bits at 0.6; 1 nat squared = 2.081 bits squared).
// A paragraph of EAT is a line here. EAT tests from index 25 on or later, which short stages never reach; `min_looks`
// is ours, and so are alpha and threshold. EAT's published index drops the first value of the series; this policy does
// not.
struct EntropyAfterMarker : LookAheadPoints<LookAheadAt::line, 1, 0> {
  static constexpr std::string_view name = "entropy_after_marker";
  static constexpr std::string_view summary = "looks ahead: stops when the entropy after a marker has settled (EAT)";
  static constexpr Signal signals = Signal::entropy;
  static constexpr ExitAbility abilities = ExitAbility::look_ahead;

  std::string marker = "\nThe answer is";
  float alpha = 0.2f;
  float threshold = 0.05f;
  int min_looks = 3;

  struct State {
    LookAheadPosition position;
    WeightedVariance entropy;  // nats
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
  [[nodiscard]] std::optional<LookAhead> look_ahead(State& state, const StepInfo&, std::string_view piece) const {
    if (!reached(state.position, piece)) return std::nullopt;
    return LookAhead{.text = marker};
  }
  [[nodiscard]] Verdict judge_ahead(State& state, const LookAheadResult& seen) const {
    state.entropy.push(seen.tokens.front().entropy, alpha);
    const bool enough = state.entropy.seen >= min_looks;
    return enough && state.entropy.variance < threshold ? Verdict::stop_keep : Verdict::go_on;
  }

  // The thresholds that a search tries; ours.
  [[nodiscard]] std::vector<EntropyAfterMarker> ladder() const {
    return with_each(*this, &EntropyAfterMarker::threshold, {0.001f, 0.003f, 0.01f, 0.03f, 0.1f, 0.3f, 1.0f});
  }

  static constexpr auto fields() {
    using E = EntropyAfterMarker;
    return Fields(Field("threshold", &E::threshold, "a variance below this stops the branch (nats squared)", 0),
                  Field("alpha", &E::alpha, "weight of the newest entropy in mean and variance", 0.001, 1),
                  Field("min_looks", &E::min_looks, "number of look-aheads before the first test", 1, 100000),
                  Field("marker", &E::marker, "text after which the entropy of the next token is read")) +
           LookAheadPoints<LookAheadAt::line, 1, 0>::fields();
  }
  friend bool operator==(const EntropyAfterMarker&, const EntropyAfterMarker&) = default;
};

}  // namespace litestage::early_exit
