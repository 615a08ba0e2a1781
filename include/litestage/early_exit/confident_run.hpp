// Stops after a run of tokens with high confidence: the answer is settled, or the text is recited. Used in community
// code with a probability of .95; the length of the run is ours. It stops at high confidence, whereas LiteStage's exit
// stops at low confidence.
#pragma once

#include <string_view>
#include <vector>

#include "litestage/confidence/max_prob.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// A NaN confidence ends a run.
template <Confidence Criterion = confidence::MaxProb>
struct ConfidentRun {
  static constexpr std::string_view name = "confident_run";
  static constexpr std::string_view summary = "stops after a run of confident tokens";
  static constexpr Signal signals = Criterion::signals;

  Criterion criterion = {};
  float threshold = 0.95f;
  int run = 16;

  struct State {
    int confident = 0;  // current number of consecutive confident tokens
  };

  [[nodiscard]] Signal active_signals() const { return signals_read(criterion); }
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats& token) const {
    state.confident = criterion(token) >= threshold ? state.confident + 1 : 0;
    return state.confident >= run ? Verdict::stop_keep : Verdict::go_on;
  }

  // The lengths of runs that a search tries; ours.
  [[nodiscard]] std::vector<ConfidentRun> ladder() const {
    return with_each(*this, &ConfidentRun::run, {32, 24, 16, 12, 8, 6, 4});
  }

  static constexpr auto fields() {
    return Fields(
        Field("criterion", &ConfidentRun::criterion, "confidence in a token"),
        Field("threshold", &ConfidentRun::threshold, "a token with at least this confidence is confident"),
        Field("run", &ConfidentRun::run, "number of consecutive confident tokens that stops the branch", 1, 100000));
  }
  friend bool operator==(const ConfidentRun&, const ConfidentRun&) = default;
};

}  // namespace litestage::early_exit
