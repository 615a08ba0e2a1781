// DeepConf's online stop (arXiv 2508.15260, facebookresearch/deepconf @21057ed deepconf-online.py): a trace ends when
// the mean confidence of its last group of tokens falls below a threshold.
#pragma once

#include <string_view>
#include <vector>

#include "litestage/confidence/mean_log_prob_top_k.hpp"
#include "litestage/early_exit/sliding_window.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// Differs from LowConfidence in the confidence used, in requiring a mean strictly below the threshold, and in keeping
// the token. DeepConf uses k = 20, groups of 2048, and a threshold per question: the 90th or 10th percentile of the
// lowest groups of 16 warm-up traces (13 to 18 with an 8B model). Stages here have tens of tokens, so window and
// threshold are our own guesses and must be calibrated. There is no test before the window is full; a NaN mean never
// stops.
struct GroupConfidence {
  static constexpr std::string_view name = "group_confidence";
  static constexpr std::string_view summary =
      "stops when the last tokens are less confident than a threshold (DeepConf)";
  static constexpr Signal signals = Signal::top_log_probs;

  int window = 16;
  float threshold = 8;
  int k = 20;

  struct State {
    SlidingWindow group;
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats& token) const {
    const bool full = state.group.push(confidence::MeanLogProbTopK{k}(token), window);
    return full && state.group.mean() < threshold ? Verdict::stop_keep : Verdict::go_on;
  }

  // The thresholds that a search tries; ours.
  [[nodiscard]] std::vector<GroupConfidence> ladder() const {
    return with_each(*this, &GroupConfidence::threshold, {6.0f, 8.0f, 10.0f, 12.0f, 14.0f, 16.0f, 18.0f});
  }

  static constexpr auto fields() {
    return Fields(
        Field("window", &GroupConfidence::window, "number of last tokens in a group", 1, 4096),
        Field("threshold", &GroupConfidence::threshold, "a group whose mean confidence is below this stops the branch"),
        Field("k", &GroupConfidence::k, "number of likeliest tokens in the confidence top_log_probs of a token", 1,
              TokenStats::max_top));
  }
  friend bool operator==(const GroupConfidence&, const GroupConfidence&) = default;
};

}  // namespace litestage::early_exit
