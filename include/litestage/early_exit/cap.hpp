// A fixed number of tokens, whatever the model says: the control that any early exit must beat where both leave
// branches of the same mean length. Ours, as is its default; the schedule's own cap of a stage holds as well.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

// SPEC and JSON cannot name stages called name or tokens.
struct Cap {
  static constexpr std::string_view name = "cap";
  static constexpr std::string_view summary = "stops after a fixed number of tokens";
  static constexpr Signal signals = Signal::none;

  int tokens = 32;
  std::map<std::string, int> stages = {};  // stage name -> in place of `tokens`

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

  // Names that a schedule should have.
  [[nodiscard]] std::vector<std::string> stages_named() const {
    std::vector<std::string> names;
    for (const auto& entry : stages) names.push_back(entry.first);
    return names;
  }

  static constexpr auto fields() {
    return std::tuple(
        Field("tokens", &Cap::tokens, "how many tokens a branch may have", 1, 1000000),
        OpenField("STAGE", &Cap::stages, "how many a branch of the stage of this name may have", 1, 1000000));
  }
  friend bool operator==(const Cap&, const Cap&) = default;
};

}  // namespace litestage::early_exit
