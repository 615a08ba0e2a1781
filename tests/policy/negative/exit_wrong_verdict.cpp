// expect: Verdict observe(State&, const StepInfo&, const TokenStats&) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Signal signals = Signal::max_prob;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  bool observe(State&, const StepInfo&, const TokenStats&) const { return true; }
};
static_assert(CheckExitPolicy<Policy>::passed);
