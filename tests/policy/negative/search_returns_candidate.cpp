// expect: SearchResult search(const SearchSpace&, const Evaluator&) const
#include "litestage/calibrate/search/search.hpp"

using namespace litestage::calibrate;

struct Strategy {
  Candidate search(const SearchSpace& space, const Evaluator&) const { return Candidate(space.axes.size(), 0); }
};
static_assert(CheckSearchStrategy<Strategy>::passed);
