// expect: void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Stat stats = Stat::cosine;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
  void obsreve(State&, const StepInfo&, Sublayer, const SublayerStats&) const {}
};
static_assert(CheckSkipPolicy<Policy>::passed);
