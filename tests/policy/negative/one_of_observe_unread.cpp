// expect: observe
#include "litestage/skip/standard.hpp"

using namespace litestage;

// No alternative reads statistics, so there is no hook to call.
void call(const skip::OneOf<skip::Never>& policy, skip::OneOf<skip::Never>::State& state) {
  policy.observe(state, StepInfo{}, Sublayer{}, SublayerStats{});
}
