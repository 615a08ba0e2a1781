#include <doctest/doctest.h>

#include <string>

#include "common/error_of.hpp"
#include "common/verdicts.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/tiny_thinker.hpp"

using namespace litestage;
using test::go, test::keep, test::Verdicts;

TEST_CASE("cap: the last token that fits is kept and ends the branch; every branch counts its own") {
  const std::vector<TokenStats> four(4);
  CHECK(test::verdicts(early_exit::Cap{3}, four) == Verdicts{go, go, keep, keep});
  CHECK(test::verdicts(early_exit::Cap{3}, four) == Verdicts{go, go, keep, keep});
  CHECK(test::verdicts(early_exit::Cap{1}, four) == Verdicts{keep, keep, keep, keep});
  CHECK(test::verdicts(early_exit::Cap{5}, four) == Verdicts{go, go, go, go});
}

TEST_CASE("cap: a stage may have a number of its own, which SPEC can write") {
  const auto cap = read_spec<early_exit::Standard>("cap:tokens=3,recall=2", "--exit");
  CHECK(cap == early_exit::Standard(early_exit::Cap{3, {{"recall", 2}}}));
  CHECK(to_spec(cap) == "cap:tokens=3,recall=2");
  const auto most = [&](std::string_view stage) {
    const RequestInfo request{4, 0, stage, 64};
    auto state = cap.begin(request);
    int tokens = 1;
    while (cap.observe(state, {}, {}) == go) ++tokens;
    return tokens;
  };
  CHECK(most("recall") == 2);
  CHECK(most("analyze") == 3);
  CHECK_NOTHROW(check_stages(cap, stages::TinyThinker{}, "--exit"));
  CHECK(test::error_of([] {
          check_stages(read_spec<early_exit::Standard>("cap:recal=2", "--exit"), stages::TinyThinker{}, "--exit");
        }) == "--exit: stage \"recal\" is unknown, expected recall, analyze, summarize");
  CHECK(test::error_of([] {
          check_stages(read_spec<early_exit::Standard>("any:second=cap,second.recal=2", "--exit"),
                       stages::TinyThinker{}, "--exit");
        }) == "--exit: stage \"recal\" is unknown, expected recall, analyze, summarize");
}
