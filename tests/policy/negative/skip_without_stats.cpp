// expect: static constexpr Stat stats = Stat::none;
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
};
static_assert(CheckSkipPolicy<Policy>::passed);
