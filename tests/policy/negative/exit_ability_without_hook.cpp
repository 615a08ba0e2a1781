// expect: an exit policy has the hooks of the abilities that it declares, and no others
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {
  static constexpr Signal signals = Signal::none;
  static constexpr ExitAbility abilities = ExitAbility::inject;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::inject; }
};
static_assert(CheckExitPolicy<Policy>::passed);
