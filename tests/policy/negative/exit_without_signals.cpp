// expect: static constexpr Signal signals = Signal::none;
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
};
static_assert(CheckExitPolicy<Policy>::passed);
