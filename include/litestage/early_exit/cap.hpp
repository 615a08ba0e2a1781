// A fixed number of tokens, whatever the model says: the control that any early exit must beat at equal length. Ours,
// as is its default; the schedule's own cap of a stage holds as well.
#pragma once

#include <string_view>
#include <tuple>

#include "litestage/policy/field.hpp"
#include "litestage/policy/types.hpp"

namespace litestage::early_exit {

struct Cap {
  static constexpr std::string_view name = "cap";
  static constexpr std::string_view summary = "stops after a fixed number of tokens";
  static constexpr Signal signals = Signal::none;

  int tokens = 32;

  struct State {
    int seen = 0;
  };
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo&, const TokenStats&) const {
    return ++state.seen >= tokens ? Verdict::stop_keep : Verdict::go_on;
  }

  static constexpr auto fields() {
    return std::tuple(Field("tokens", &Cap::tokens, "how many tokens a branch may have", 1, 1000000));
  }
  friend bool operator==(const Cap&, const Cap&) = default;
};

}  // namespace litestage::early_exit
