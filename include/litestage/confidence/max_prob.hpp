// The probability of the likeliest token. It is comparable across models and therefore our default.
#pragma once

#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::confidence {

struct MaxProb {
  static constexpr std::string_view name = "max_prob";
  static constexpr std::string_view summary = "probability of the likeliest token";
  static constexpr Signal signals = Signal::max_prob;
  [[nodiscard]] float operator()(const TokenStats& token) const { return token.max_prob; }

  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const MaxProb&, const MaxProb&) = default;
};

}  // namespace litestage::confidence
