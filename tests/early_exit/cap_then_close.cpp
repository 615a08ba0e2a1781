#include "litestage/early_exit/cap_then_close.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "common/error_of.hpp"
#include "common/verdicts.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/tiny_thinker.hpp"

using namespace litestage;
using test::go, test::Verdicts;

TEST_CASE("cap, then close: the words come once, after the token that fills the budget") {
  const std::vector<TokenStats> four(4);
  early_exit::CapThenClose policy;
  policy.tokens = 3;
  CHECK(test::verdicts(policy, four) == Verdicts{go, go, Verdict::inject, go});
  const auto state = policy.begin({});
  CHECK(policy.injection(state).text == "\nThe answer is");
  CHECK(policy.injection(state).max_tokens == 8);
}

TEST_CASE("cap, then close: a stage may have a budget of its own, which must be a stage of the schedule") {
  const auto policy = read_spec<early_exit::Standard>("cap_then_close:tokens=9,text=\"\\nSo \",recall=2", "--exit");
  CHECK(to_spec(policy) == "cap_then_close:tokens=9,text=\"\\nSo \",recall=2");
  auto recall = policy.begin({4, 0, "recall", 64, {}});
  CHECK(policy.observe(recall, {}, {}) == go);
  CHECK(policy.observe(recall, {}, {}) == Verdict::inject);
  CHECK(policy.injection(recall).text == "\nSo ");
  CHECK(test::error_of([] {
          check_stages(read_spec<early_exit::Standard>("cap_then_close:recal=2", "--exit"), stages::TinyThinker{},
                       "--exit");
        }) == "--exit: stage \"recal\" is unknown, expected recall, analyze, summarize");
}
