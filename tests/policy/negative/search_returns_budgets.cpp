// expect: SearchResult search(const SearchSpace&, const Evaluator&) const
#include "litestage/calibrate/search/search.hpp"

using namespace litestage::calibrate;

struct Strategy {
  Budgets search(const SearchSpace& space, const Evaluator&) const { return Budgets(space.stages.size(), 0); }
};
static_assert(CheckSearchStrategy<Strategy>::passed);
