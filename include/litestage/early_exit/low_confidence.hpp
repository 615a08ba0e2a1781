// LiteStage's generation early exit (arXiv 2510.14211, step 3, from the authors' overview figure): when the mean of the
// last n confidences is at or below a threshold, the text has degenerated, and the stage ends without this token.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "litestage/confidence/max_prob.hpp"
#include "litestage/core/enum_names.hpp"
#include "litestage/early_exit/sliding_window.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// When the window is tested first.
enum class WarmUp : std::uint8_t {
  full,  // when it is full
  none   // from the first value on, over the values so far
};

template <>
struct EnumNames<WarmUp> {
  static constexpr std::array<std::string_view, 2> names = {"full", "none"};
};

}  // namespace litestage

namespace litestage::early_exit {

// Our choices where the paper, as far as it was available, is silent: the criterion (the figure writes a logit, reviews
// write of a token confidence; a probability is comparable across models), the window, the threshold, and no test
// before the window is full (the first tokens of a text naturally have low confidence). A NaN mean never stops: an
// invalid signal must not look like a short answer.
template <Confidence Criterion = confidence::MaxProb>
struct LowConfidence {
  static constexpr std::string_view name = "low_confidence";
  static constexpr std::string_view summary = "stops when the mean of the last confidences is low (LiteStage)";
  static constexpr Signal signals = Criterion::signals;

  Criterion criterion = {};
  int window = 8;
  float threshold = 0.4f;
  WarmUp warm_up = WarmUp::full;

  struct State {
    SlidingWindow recent;
  };

  [[nodiscard]] Signal active_signals() const { return signals_read(criterion); }
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }

  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats& token) const {
    const bool full = state.recent.push(criterion(token), window);
    if (!full && warm_up == WarmUp::full) return Verdict::go_on;
    return state.recent.mean() <= threshold ? Verdict::stop_drop : Verdict::go_on;
  }

  static constexpr auto fields() {
    return Fields(Field("criterion", &LowConfidence::criterion, "confidence in a token"),
                  Field("window", &LowConfidence::window, "number of last confidences in the mean", 1, 4096),
                  Field("threshold", &LowConfidence::threshold, "a mean at or below this stops the branch"),
                  Field("warm_up", &LowConfidence::warm_up,
                        "when the test begins: at a full window, or (none) at the first token"));
  }
  friend bool operator==(const LowConfidence&, const LowConfidence&) = default;
};

}  // namespace litestage::early_exit
