// A confidence chosen at run time.
#pragma once

#include <utility>

#include "litestage/policy/concepts.hpp"
#include "litestage/settings/choice.hpp"

namespace litestage::confidence {

template <Confidence... Cs>
struct OneOf : Choice<Cs...> {
  using Choice<Cs...>::Choice;
  OneOf(Choice<Cs...> choice) : Choice<Cs...>(std::move(choice)) {}

  static constexpr Signal signals = (Cs::signals | ...);
  [[nodiscard]] Signal active_signals() const {
    return this->visit([](const auto& c) { return signals_read(c); });
  }
  [[nodiscard]] float operator()(const TokenStats& token) const {
    return this->visit([&](const auto& c) { return c(token); });
  }
};

}  // namespace litestage::confidence
