// A search strategy chosen at run time, as read from --strategy SPEC.
#pragma once

#include <utility>

#include "litestage/calibrate/search/exhaustive_sweep.hpp"
#include "litestage/calibrate/search/racing.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/settings/choice.hpp"

namespace litestage::calibrate {

template <SearchStrategy... Ss>
struct OneOf : Choice<Ss...> {
  using Choice<Ss...>::Choice;
  OneOf(Choice<Ss...> choice) : Choice<Ss...>(std::move(choice)) {}

  [[nodiscard]] SearchResult search(const SearchSpace& space, const Evaluator& evaluate) const {
    return this->visit([&](const auto& strategy) { return strategy.search(space, evaluate); });
  }
};

// Every strategy of the library. The first is the default.
using Standard = OneOf<Racing, ExhaustiveSweep>;

}  // namespace litestage::calibrate
