// Stops after a fixed number of tokens. This is the control for early exits: at the same mean branch length an early
// exit must do better than this. The policy and its default are ours; the schedule's own cap of a stage still applies.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// SPEC and JSON cannot express stages called name or tokens.
struct Cap {
  static constexpr std::string_view name = "cap";
  static constexpr std::string_view summary = "stops after a fixed number of tokens";
  static constexpr Signal signals = Signal::none;

  int tokens = 32;
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
    return ++state.seen >= state.most ? Verdict::stop_keep : Verdict::go_on;
  }

  // Stage names that the schedule must contain.
  [[nodiscard]] std::vector<std::string> stages_named() const {
    std::vector<std::string> names;
    for (const auto& entry : stages) names.push_back(entry.first);
    return names;
  }

  // The numbers of tokens that a search tries; ours.
  [[nodiscard]] std::vector<Cap> ladder() const {
    return with_each(*this, &Cap::tokens, {192, 128, 96, 64, 48, 32, 24, 16, 12, 8});
  }

  static constexpr auto fields() {
    return Fields(
        Field("tokens", &Cap::tokens, "how many tokens a branch may have", 1, 1000000),
        OpenField("STAGE", &Cap::stages,
                  "how many tokens a branch of the stage with this name may have, in place of `tokens`", 1, 1000000));
  }
  friend bool operator==(const Cap&, const Cap&) = default;
};

}  // namespace litestage::early_exit
