#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using test::in_decode, test::in_prefill, test::request;

namespace {

// The indices of the sub-layers that a stage skips in a step.
std::vector<int> skipped(const skip::Static& policy, std::string_view stage, StepInfo step, int n_layers = 4) {
  const auto state = policy.begin(request(stage, n_layers));
  std::vector<int> result;
  for (int i = 0; i < 2 * n_layers; ++i) {
    const SkipDecision decision = policy.decide(state, step, Sublayer::at(i));
    CHECK(decision == (decision.skip ? SkipDecision{true, policy.scale, policy.kv} : SkipDecision{}));
    if (decision.skip) result.push_back(i);
  }
  return result;
}

skip::Static two_stages() {
  skip::Static policy;
  policy.stages["recall"] = {{Unit::attention, 1}, {Unit::mlp, 3}};
  policy.stages["analyze"] = {};
  policy.stages["all"] = {{Unit::mlp, 0}};
  return policy;
}

}  // namespace

TEST_CASE("a stage skips its own set, or that of all where it has none") {
  const skip::Static policy = two_stages();
  for (const StepInfo step : {in_prefill, in_decode}) {
    CHECK(skipped(policy, "recall", step) == std::vector<int>{2, 7});
    CHECK(skipped(policy, "analyze", step).empty());  // its own set, though empty
    CHECK(skipped(policy, "summarize", step) == std::vector<int>{1});
    CHECK(skipped(skip::Static{}, "recall", step).empty());
  }
}

TEST_CASE("the phase limits when, kv and scale go with each skip") {
  skip::Static policy = two_stages();
  policy.kv = KvOnSkip::copy_below;
  policy.scale = 1.5f;
  policy.phase = Phases::prefill;
  CHECK(skipped(policy, "recall", in_prefill) == std::vector<int>{2, 7});
  CHECK(skipped(policy, "recall", in_decode).empty());
  policy.phase = Phases::decode;
  CHECK(skipped(policy, "recall", in_prefill).empty());
  CHECK(skipped(policy, "recall", in_decode) == std::vector<int>{2, 7});
}

TEST_CASE("a sub-layer that the model lacks is an error before the first stage, whichever stage names it") {
  const skip::Static policy = two_stages();
  CHECK(skipped(policy, "summarize", in_decode, 4) == std::vector<int>{1});
  CHECK(test::error_of([&] { static_cast<void>(policy.begin(request("summarize", 3))); }) ==
        "skip policy static, recall: found m3, expected a0 to m2 of this model's 3 layers");
  skip::Static attention;
  attention.stages["all"] = {{Unit::attention, 4}};
  CHECK(test::error_of([&] { static_cast<void>(attention.begin(request("recall", 4))); }) ==
        "skip policy static, all: found a4, expected a0 to m3 of this model's 4 layers");
}

TEST_CASE("a stage name that the schedule lacks is found by comparing the two") {
  CHECK(two_stages().stages_named() == std::vector<std::string>{"analyze", "recall"});
  const stages::Standard three{stages::TinyThinker{}}, one{stages::Single{}};
  CHECK_NOTHROW(check_stages(two_stages(), three, "--skip"));
  CHECK_NOTHROW(check_stages(skip::Standard(skip::Never{}), one, "--skip"));
  CHECK_NOTHROW(check_stages(skip::Never{}, one, "--skip"));
  CHECK(test::error_of([&] { check_stages(skip::Standard(two_stages()), one, "--skip"); }) ==
        "--skip: stage \"analyze\" is unknown, expected answer");
  skip::Static misspelt;
  misspelt.stages["analyse"] = {};
  CHECK(test::error_of([&] { check_stages(misspelt, three, "--skip"); }) ==
        "--skip: stage \"analyse\" is unknown, expected recall, analyze, summarize");
}
