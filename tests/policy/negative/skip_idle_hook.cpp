// expect: would never be called
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Stat stats = Stat::none;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
  void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const {}
};
static_assert(CheckSkipPolicy<Policy>::passed);
