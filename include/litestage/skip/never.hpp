// Runs every sub-layer: the full model. Copy this as the template for a new policy.
#pragma once

#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::skip {

struct Never {
  static constexpr std::string_view name = "never";
  static constexpr std::string_view summary = "runs every sub-layer";
  static constexpr Stat stats = Stat::none;  // reads nothing, so it has no observe()

  struct State {};  // state of one request
  [[nodiscard]] State begin(const RequestInfo&) const { return {}; }
  [[nodiscard]] SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }

  static constexpr auto fields() { return Fields(); }  // no settings
  friend bool operator==(const Never&, const Never&) = default;
};

}  // namespace litestage::skip
