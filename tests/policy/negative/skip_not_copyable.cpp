// expect: its type must be copyable
#include "litestage/policy/check.hpp"

using namespace litestage;

#include <memory>

struct Policy {
  static constexpr Stat stats = Stat::none;
  std::unique_ptr<int> settings;
  struct State {};
  State begin(const RequestInfo&) const { return {}; }
  SkipDecision decide(const State&, const StepInfo&, Sublayer) const { return {}; }
};
static_assert(CheckSkipPolicy<Policy>::passed);
