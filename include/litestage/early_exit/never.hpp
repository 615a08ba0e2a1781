// Ends generation only at an end-of-generation token or at the stage's cap. Copy this as the template for a new policy.
#pragma once

#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

struct Never {
  static constexpr std::string_view name = "never";
  static constexpr std::string_view summary = "leaves the end to the model and the stage's cap";
  static constexpr Signal signals = Signal::none;

  struct State {};  // state of one branch of a request
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }

  static constexpr auto fields() { return Fields(); }  // no settings
  friend bool operator==(const Never&, const Never&) = default;
};

}  // namespace litestage::early_exit
