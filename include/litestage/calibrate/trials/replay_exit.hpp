// Replays LiteStage's early exit: finds where it would have ended a stage that was generated to its end, from the trace
// of its confidences. One generation thus serves every window and threshold; only the stages after a cut are generated
// again.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "litestage/calibrate/trials/staged_evaluation.hpp"
#include "litestage/early_exit/low_confidence.hpp"
#include "litestage/prompt/any_tokenizer.hpp"

namespace litestage::calibrate {

namespace detail {

// A confidence criterion that returns recorded confidences.
struct Traced {
  static constexpr Signal signals = Signal::max_prob;
  [[nodiscard]] float operator()(const TokenStats& token) const { return token.max_prob; }
  friend bool operator==(const Traced&, const Traced&) = default;
};

// Cuts the branch where the policy stops it; the token that stops it is dropped. An end token ends a branch before any
// policy is asked, as in engine/run/stage_run.hpp.
template <class Exit>
void cut(BranchReport& branch, const Exit& exit, const AnyTokenizer& tokenizer) {
  const std::size_t judged = branch.generated_tokens - (branch.stop == StopReason::eos ? 1 : 0);
  LITESTAGE_ASSERT(branch.trace.size() >= judged, branch.trace.size(), " confidences of ", judged, " tokens");
  typename Exit::State state = exit.begin({});
  for (std::size_t i = 0; i < judged; ++i) {
    TokenStats token;
    token.max_prob = branch.trace[i];
    if (exit.observe(state, {}, token) == Verdict::go_on) continue;
    branch.tokens.resize(i);
    branch.trace.resize(i + 1);
    branch.generated_tokens = static_cast<int>(i) + 1;
    branch.stop = StopReason::exit;
    branch.text.clear();
    for (const int kept : branch.tokens) branch.text += tokenizer.piece(kept);
    return;
  }
}

}  // namespace detail

// The value of Variant::replay for this exit. It needs stages generated with trace_of(exit.criterion) and without an
// exit.
template <Confidence Criterion>
[[nodiscard]] Replay replay_of(const early_exit::LowConfidence<Criterion>& exit, AnyTokenizer tokenizer) {
  const early_exit::LowConfidence<detail::Traced> traced{{}, exit.window, exit.threshold, exit.warm_up};
  const auto replay = [traced, tokenizer = std::move(tokenizer)](const StageReport& whole) {
    StageReport report = whole;
    report.generated_tokens = 0;
    for (BranchReport& branch : report.branches) {
      detail::cut(branch, traced, tokenizer);
      report.generated_tokens += branch.generated_tokens;
    }
    return report;
  };
  return std::make_shared<const std::function<StageReport(const StageReport&)>>(replay);
}

}  // namespace litestage::calibrate
