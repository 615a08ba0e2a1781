// expect: struct State {};
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Stat stats = Stat::none;
  SkipDecision decide(int, const StepInfo&, Sublayer) const { return {}; }
};
static_assert(CheckSkipPolicy<Policy>::passed);
