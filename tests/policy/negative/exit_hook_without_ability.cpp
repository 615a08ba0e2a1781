// expect: an exit policy has the hooks of the abilities that it declares, and no others
#include <optional>
#include <string_view>

#include "litestage/policy/check.hpp"

using namespace litestage;

struct Policy {  // never called, because the ability is not declared
  static constexpr Signal signals = Signal::none;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
  std::optional<LookAhead> look_ahead(State&, const StepInfo&, std::string_view) const { return std::nullopt; }
  Verdict judge_ahead(State&, const LookAheadResult&) const { return Verdict::go_on; }
};
static_assert(CheckExitPolicy<Policy>::passed);
