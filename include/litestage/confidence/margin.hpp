// The probability of the likeliest token minus that of the second.
#pragma once

#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::confidence {

struct Margin {
  static constexpr std::string_view name = "margin";
  static constexpr std::string_view summary = "probability of the likeliest token minus that of the second";
  static constexpr Signal signals = Signal::margin;
  [[nodiscard]] float operator()(const TokenStats& token) const { return token.margin; }

  static constexpr auto fields() { return Fields(); }
  friend bool operator==(const Margin&, const Margin&) = default;
};

}  // namespace litestage::confidence
