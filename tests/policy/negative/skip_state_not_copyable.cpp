// expect: and State is copyable
#include "litestage/policy/check.hpp"

using namespace litestage;

#include <memory>

struct Policy {
  static constexpr Stat stats = Stat::none;
  struct State {
    std::unique_ptr<int> counts;
  };
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
};
static_assert(CheckSkipPolicy<Policy>::passed);
