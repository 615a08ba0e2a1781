#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using test::in_decode, test::in_prefill, test::request;
using Indices = std::vector<int>;

namespace {

skip::LiteStage planned() {
  return {{"m3", "a1", "m0", "a3"}, {{"recall", 1}, {"analyze", 3}, {"summarize", 0}}};
}
std::string refused(std::string_view spec) {
  return test::error_of([&] { static_cast<void>(read_spec<skip::Standard>(spec, "--skip")); });
}

}  // namespace

TEST_CASE("lite stage: every stage skips the first of the one ranking, as many as its budget") {
  const skip::LiteStage policy = planned();
  for (const StepInfo step : {in_prefill, in_decode}) {
    CHECK(test::skipped(policy, step, request("recall")) == Indices{7});
    CHECK(test::skipped(policy, step, request("analyze")) == Indices{1, 2, 7});
    CHECK(test::skipped(policy, step, request("summarize")).empty());
    CHECK(test::skipped(policy, step, request("another")).empty());
    CHECK(test::skipped(skip::LiteStage{}, step, request("recall")).empty());
  }
  skip::LiteStage rest = planned();
  rest.budgets["all"] = 2;
  CHECK(test::skipped(rest, in_decode, request("another")) == Indices{2, 7});
  CHECK(test::skipped(rest, in_decode, request("summarize")).empty());  // its own budget, though 0
}

TEST_CASE("lite stage: the phase limits when, kv goes with each skip") {
  skip::LiteStage policy = planned();
  policy.phase = Phases::decode;
  policy.kv = KvOnSkip::project;
  CHECK(test::skipped(policy, in_prefill, request("analyze")).empty());
  CHECK(test::skipped(policy, in_decode, request("analyze")) == Indices{1, 2, 7});
  CHECK(policy.decide(policy.begin(request("analyze")), in_decode, {Unit::attention, 1}) ==
        SkipDecision{true, 1, KvOnSkip::project});
}

TEST_CASE("lite stage: a ranking of another model, or a budget beyond it, is an error before the first stage") {
  CHECK(test::error_of([] { static_cast<void>(planned().begin(request("summarize", 3))); }) ==
        "skip policy lite_stage, ranking: found m3, expected a0 to m2 of this model's 3 layers");
  skip::LiteStage greedy = planned();
  greedy.budgets["recall"] = 5;
  CHECK(test::error_of([&] { static_cast<void>(greedy.begin(request("summarize"))); }) ==
        "skip policy lite_stage, recall: found 5, expected 0 to 4 (the length of the ranking)");
}

TEST_CASE("lite stage: SPEC strings, and what they may not say") {
  CHECK(read_spec<skip::Standard>("lite_stage:ranking=m3/a1/m0/a3,recall=1,analyze=3,summarize=0", "--skip") ==
        skip::Standard(planned()));
  CHECK(to_spec(skip::Standard(planned())) == "lite_stage:ranking=m3/a1/m0/a3,analyze=3,recall=1,summarize=0");
  CHECK(refused("lite_stage:recall=1") ==
        "--skip lite_stage, recall: found 1, expected 0 to 0 (the length of the ranking)");
  CHECK(refused("lite_stage:recall=-1").find("recall: found -1, expected an integer from 0") != std::string::npos);
  CHECK(refused("lite_stage:ranking=a1/x2") ==
        "--skip lite_stage, ranking: found \"x2\", expected sub-layers such as a3 or m3, each once");
  CHECK(refused("lite_stage:ranking=a1/m1/a01") ==
        "--skip lite_stage, ranking: found \"a01\" twice, expected sub-layers such as a3 or m3, each once");
}

TEST_CASE("lite stage: a stage name that the schedule lacks is found by comparing the two") {
  const stages::Standard three{stages::TinyThinker{}}, one{stages::Single{}};
  CHECK_NOTHROW(check_stages(skip::Standard(planned()), three, "--skip"));
  CHECK(test::error_of([&] { check_stages(planned(), one, "--skip"); }) ==
        "--skip: stage \"analyze\" is unknown, expected answer");
  skip::LiteStage all{{"a0"}, {{"all", 1}}};
  CHECK_NOTHROW(check_stages(all, one, "--skip"));
}
