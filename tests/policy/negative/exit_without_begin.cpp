// expect: State begin(const RequestInfo&) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Signal signals = Signal::max_prob;
  struct State {};
  Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
};
static_assert(CheckExitPolicy<Policy>::passed);
