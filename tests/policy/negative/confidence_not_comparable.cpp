// expect: and comparable
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Criterion {
  static constexpr Signal signals = Signal::max_prob;
  float operator()(const TokenStats& token) const { return token.max_prob; }
};
static_assert(CheckConfidence<Criterion>::passed);
