// DEER (arXiv 2504.15895; iie-ycx/DEER, c9dd19f, vllm-deer.py): at certain points of a thought the model is made to
// answer, and the thought ends if it is sure of that trial answer.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/early_exit/looking_ahead/look_ahead_points.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// How the probabilities of a trial answer's tokens make one number; DEER calls them avg1, avg2 and min.
enum class TrialMean : std::uint8_t { arithmetic, geometric, lowest };
template <>
struct EnumNames<TrialMean> {
  static constexpr std::array<std::string_view, 3> names = {"arithmetic", "geometric", "lowest"};
};

}  // namespace litestage

namespace litestage::early_exit {

// As in DEER the trial answer is thrown away: the next stage states the answer. Its threshold (0.95) and number of
// look-aheads are DEER's. The other defaults are ours, because DEER's words and points are those of models trained to
// think at length. DEER leaves out the first token of the trial, a brace that its words force; here the words end
// before the answer, and every token of the trial's text counts. A trial without text is no answer.
struct TrialAnswer : LookAheadPoints<> {
  static constexpr std::string_view name = "trial_answer";
  static constexpr std::string_view summary = "looks ahead: stops when a trial answer is likely (DEER)";
  static constexpr Signal signals = Signal::max_prob;
  static constexpr ExitAbility abilities = ExitAbility::look_ahead;

  std::string text = "\nThe answer is";
  int max_tokens = 8;
  std::vector<std::string> stop = {"\n", ". "};
  TrialMean mean = TrialMean::geometric;
  float threshold = 0.95f;

  using State = LookAheadPosition;
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
  [[nodiscard]] std::optional<LookAhead> look_ahead(State& state, const StepInfo&, std::string_view piece) const {
    if (!reached(state, piece)) return std::nullopt;
    return LookAhead{text, max_tokens, stop};
  }
  [[nodiscard]] Verdict judge_ahead(State&, const LookAheadResult& seen) const {
    return confidence(seen) > threshold ? Verdict::stop_keep : Verdict::go_on;
  }

  // The mean probability of the tokens of the trial's text, each the likeliest of its distribution; 0 without text, or
  // if one is not a number.
  [[nodiscard]] double confidence(const LookAheadResult& seen) const {
    const std::size_t n = seen.in_text;
    if (n == 0) return 0;
    double sum = 0, logs = 0, lowest = 1;
    for (std::size_t i = 0; i < n; ++i) {
      const double p = seen.tokens[i].max_prob;
      sum += p;
      logs += std::log(p);
      lowest = std::min(lowest, p);
    }
    if (std::isnan(sum)) return 0;
    if (mean == TrialMean::lowest) return lowest;
    return mean == TrialMean::arithmetic ? sum / static_cast<double>(n) : std::exp(logs / static_cast<double>(n));
  }

  // The thresholds that a search tries; ours.
  [[nodiscard]] std::vector<TrialAnswer> ladder() const {
    return with_each(*this, &TrialAnswer::threshold, {0.99f, 0.98f, 0.95f, 0.9f, 0.8f, 0.7f, 0.5f});
  }

  static constexpr auto fields() {
    using T = TrialAnswer;
    return Fields(
               Field("threshold", &T::threshold, "a trial answer of a larger mean probability stops the branch", 0, 1),
               Field("mean", &T::mean, "which mean of its tokens' probabilities"),
               Field("text", &T::text, "words after which the model answers on trial"),
               Field("max_tokens", &T::max_tokens, "largest number of tokens of a trial answer", 1, 1000),
               Field("stop", &T::stop, "strings that end a trial answer")) +
           LookAheadPoints<>::fields();
  }
  friend bool operator==(const TrialAnswer&, const TrialAnswer&) = default;
};

}  // namespace litestage::early_exit
