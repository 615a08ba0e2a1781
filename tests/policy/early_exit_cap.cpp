#include <doctest/doctest.h>

#include "common/verdicts.hpp"
#include "litestage/early_exit/cap.hpp"

using namespace litestage;
using test::go, test::keep, test::Verdicts;

TEST_CASE("cap: the last token that fits is kept and ends the branch; every branch counts its own") {
  const std::vector<TokenStats> four(4);
  CHECK(test::verdicts(early_exit::Cap{3}, four) == Verdicts{go, go, keep, keep});
  CHECK(test::verdicts(early_exit::Cap{3}, four) == Verdicts{go, go, keep, keep});
  CHECK(test::verdicts(early_exit::Cap{1}, four) == Verdicts{keep, keep, keep, keep});
  CHECK(test::verdicts(early_exit::Cap{5}, four) == Verdicts{go, go, go, go});
}
