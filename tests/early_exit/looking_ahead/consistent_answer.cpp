#include "litestage/early_exit/looking_ahead/consistent_answer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/look_aheads.hpp"
#include "common/verdicts.hpp"

using namespace litestage;
using early_exit::ConsistentAnswer;
using test::go, test::trial, test::Verdicts;

namespace {

constexpr Verdict inject = Verdict::inject;

[[nodiscard]] Verdicts verdicts(const ConsistentAnswer& policy, const std::vector<std::string>& answers) {
  std::vector<LookAheadResult> seen;
  for (const std::string& a : answers) seen.push_back(trial(a, {0.5f}));
  return test::verdicts_ahead(policy, seen);
}

}  // namespace

TEST_CASE("consistent answer: the last three must be the same") {
  const ConsistentAnswer policy;
  CHECK(verdicts(policy, {" 18", " 18", " 18"}) == Verdicts{go, go, inject});
  CHECK(verdicts(policy, {" 18", " 17", " 18", " 18", " 18"}) == Verdicts{go, go, go, go, inject});
  CHECK(verdicts(policy, {" 18", "18.", " 18 "}) == Verdicts{go, go, inject});
  CHECK(verdicts(policy, {" Yes", " yes!", "YES"}) == Verdicts{go, go, inject});
  CHECK(verdicts(policy, {" 3.5", " 3.4", " 3.5"}) == Verdicts{go, go, go});
}

TEST_CASE("consistent answer: an empty or hesitating answer breaks the row") {
  const ConsistentAnswer policy;
  CHECK(verdicts(policy, {"", " ", "."}) == Verdicts{go, go, go});
  CHECK(verdicts(policy, {" 18, but", " 18, but", " 18, but"}) == Verdicts{go, go, go});
  CHECK(verdicts(policy, {" 18 WAIT", " 18", " 18", " 18"}) == Verdicts{go, go, go, inject});
  ConsistentAnswer calm;
  calm.hesitation = {};
  CHECK(verdicts(calm, {" not", " not", " not"}) == Verdicts{go, go, inject});
  CHECK(verdicts(policy, {" not", " not", " not"}) == Verdicts{go, go, go});  // `no` is looked for inside words
}

TEST_CASE("consistent answer: as released, only the last one's hesitation counts") {
  ConsistentAnswer policy;
  policy.rule = ConsistencyRule::as_released;
  CHECK(verdicts(policy, {" 18", " 17", " 16", " 15"}) == Verdicts{go, go, inject, inject});
  CHECK(verdicts(policy, {" hmm", "", " wait", " 15"}) == Verdicts{go, go, go, inject});
  policy.answers = 1;
  CHECK(verdicts(policy, {" 18"}) == Verdicts{inject});
}

TEST_CASE("consistent answer: the last answer is put into the text, and nothing is written after it") {
  const ConsistentAnswer policy;
  auto state = policy.begin({});
  for (const char* text : {" 18", " 18", " 18"}) static_cast<void>(policy.judge_ahead(state, trial(text, {0.5f})));
  const Injection words = policy.injection(state);
  CHECK(words.text == "\nThe answer is 18");
  CHECK(words.max_tokens == 0);
}
