// expect: SkipDecision decide(const State&, const StepInfo&, Sublayer) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Stat stats = Stat::none;
  struct State {
    int asked = 0;
  };
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(State& state, const StepInfo&, Sublayer) const { return {++state.asked > 1, 1, KvOnSkip::none}; }
};
static_assert(CheckSkipPolicy<Policy>::passed);
