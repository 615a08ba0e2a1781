// expect: SkipDecision decide(const State&, const StepInfo&, Sublayer) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Stat stats = Stat::none;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  bool decide(const State&, const StepInfo&, Sublayer) const { return true; }  // not a SkipDecision
};
static_assert(CheckSkipPolicy<Policy>::passed);
