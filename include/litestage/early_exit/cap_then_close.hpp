// Ends a thought at a budget of tokens with closing words, and lets the model answer in a few more tokens, as s1 does
// (simplescaling/s1, 77272c6, vllm_causallms.py: the marker of its answer and "Final Answer:") and llama.cpp's
// reasoning budget (ggml-org/llama.cpp, 007d713, common/reasoning-budget.cpp). The control for exits that look ahead.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/policy/ladder.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// The words and numbers are ours. A branch that ends by itself within the budget gets no closing words, and the
// schedule's own cap of a stage still applies to all its tokens. SPEC and JSON cannot express stages called name,
// tokens, close_tokens or text.
struct CapThenClose {
  static constexpr std::string_view name = "cap_then_close";
  static constexpr std::string_view summary = "after a fixed number of tokens, injects closing words";
  static constexpr Signal signals = Signal::none;
  static constexpr ExitAbility abilities = ExitAbility::inject;

  int tokens = 64;
  std::string text = "\nThe answer is";
  int close_tokens = 8;
  std::map<std::string, int> stages = {};  // stage name -> number of tokens, overrides `tokens`

  struct State {
    int most = 0;
    int seen = 0;
  };
  [[nodiscard]] State begin(const RequestInfo& request) const {
    const auto own = stages.find(std::string(request.stage_name));
    return {own == stages.end() ? tokens : own->second, 0};
  }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats&) const {
    return ++state.seen == state.most ? Verdict::inject : Verdict::go_on;
  }
  [[nodiscard]] Injection injection(const State&) const { return {text, close_tokens}; }

  // Stage names that the schedule must contain.
  [[nodiscard]] std::vector<std::string> stages_named() const {
    std::vector<std::string> names;
    for (const auto& entry : stages) names.push_back(entry.first);
    return names;
  }

  // The numbers of tokens that a search tries; ours.
  [[nodiscard]] std::vector<CapThenClose> ladder() const {
    return with_each(*this, &CapThenClose::tokens, {192, 128, 96, 64, 48, 32, 24, 16, 12, 8});
  }

  static constexpr auto fields() {
    using C = CapThenClose;
    return Fields(Field("tokens", &C::tokens, "how many tokens a branch may have before the closing words", 1, 1000000),
                  Field("text", &C::text, "the closing words"),
                  Field("close_tokens", &C::close_tokens, "how many tokens it may have after them", 0, 1000000),
                  OpenField("STAGE", &C::stages,
                            "how many tokens a branch of the stage with this name may have before them", 1, 1000000));
  }
  friend bool operator==(const CapThenClose&, const CapThenClose&) = default;
};

}  // namespace litestage::early_exit
