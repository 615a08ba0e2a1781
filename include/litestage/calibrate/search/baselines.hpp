// The baselines that LiteStage is compared with: every policy of skip::Standard that declares a ladder
// (policy/ladder.hpp).
#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/skip/standard.hpp"

namespace litestage::calibrate {

// One rung of a baseline's ladder. `skipped`: sub-layers skipped where the policy skips most.
struct BaselineSetting {
  skip::Standard policy;
  int skipped = 0;
};
struct Baseline {
  std::string name;
  std::vector<BaselineSetting> settings;  // ascending by `skipped`; the first skips nothing
};

namespace detail {

// Calls f(type identity) for every policy with a ladder, in the order of skip::Standard.
template <class... Ps, class F>
void for_each_ladder(std::type_identity<std::variant<Ps...>>, F f) {
  const auto each = [&]<class P>(std::type_identity<P> policy) {
    if constexpr (HasLadder<P>) f(policy);
  };
  (each(std::type_identity<Ps>{}), ...);
}
template <class F>
void for_each_ladder(F f) {
  for_each_ladder(std::type_identity<skip::Standard::Alternatives>{}, f);
}

}  // namespace detail

[[nodiscard]] inline std::vector<std::string> baseline_names() {
  std::vector<std::string> names;
  detail::for_each_ladder([&]<class P>(std::type_identity<P>) { names.emplace_back(P::name); });
  return names;
}

[[nodiscard]] inline std::vector<Baseline> baselines(const Importance& importance) {
  const RedundancyProfile model = redundancy_profile(importance);
  std::vector<Baseline> all;
  detail::for_each_ladder([&]<class P>(std::type_identity<P>) {
    Baseline b{std::string(P::name), {{}}};
    for (Rung<P>& rung : P::ladder(model)) {
      // GCC 12 gives a wrong warning if the setting is moved.
      const BaselineSetting setting{std::move(rung.policy), rung.skipped};
      b.settings.push_back(setting);
    }
    all.push_back(std::move(b));
  });
  return all;
}

}  // namespace litestage::calibrate
