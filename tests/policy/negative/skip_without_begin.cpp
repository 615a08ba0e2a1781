// expect: State begin(const RequestInfo&) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Stat stats = Stat::none;
  struct State {};
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
};
static_assert(CheckSkipPolicy<Policy>::passed);
