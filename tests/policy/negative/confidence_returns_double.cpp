// expect: float operator()(const TokenStats&) const
#include "litestage/policy/check.hpp"

using namespace litestage;

struct Criterion {
  static constexpr Signal signals = Signal::max_prob;
  double operator()(const TokenStats& token) const { return token.max_prob; }
  friend bool operator==(const Criterion&, const Criterion&) = default;
};
static_assert(CheckConfidence<Criterion>::passed);
