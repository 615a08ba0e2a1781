// Recorded look-aheads, for tests of exit policies that look ahead, and a policy that records its own.
#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/policy/look_ahead.hpp"

namespace litestage::test {

// A trial answer whose tokens' likeliest have these probabilities; the last `ended` of them ended the reading.
[[nodiscard]] inline LookAheadResult trial(const std::string& text, const std::vector<float>& max_probs,
                                           std::size_t ended = 0) {
  LookAheadResult result;
  result.text = text;
  result.tokens.resize(max_probs.size());
  for (std::size_t i = 0; i < max_probs.size(); ++i) result.tokens[i].max_prob = max_probs[i];
  result.in_text = max_probs.size() - ended;
  return result;
}
[[nodiscard]] inline LookAheadResult trial_of_entropy(float entropy) {
  LookAheadResult result;
  result.tokens.resize(1);
  result.tokens[0].entropy = entropy;
  return result;
}

// Looks ahead after every n-th token and returns the verdict at one look-ahead; keeps what it saw, by question and
// stage.
struct Curious {
  static constexpr Signal signals = Signal::max_prob | Signal::entropy;
  static constexpr ExitAbility abilities = ExitAbility::look_ahead | ExitAbility::inject;

  LookAhead asks{"\nSo: ", 4, {}};
  int every = 2;
  int at = -1;  // look-ahead with the verdict
  Verdict verdict = Verdict::go_on;
  Injection words{" it is", 3};
  std::map<std::string, std::vector<LookAheadResult>>* seen = nullptr;

  struct State {
    std::string key;
    int tokens = 0, looks = 0;
  };
  [[nodiscard]] State begin(const RequestInfo& r) const { return {concat(r.question, " ", r.stage_name), 0, 0}; }
  [[nodiscard]] Verdict observe(State&, const StepInfo&, const TokenStats&) const { return Verdict::go_on; }
  [[nodiscard]] std::optional<LookAhead> look_ahead(State& s, const StepInfo&, std::string_view piece) const {
    CHECK(piece.size() == 1);
    if (++s.tokens % every != 0) return std::nullopt;
    return asks;
  }
  [[nodiscard]] Verdict judge_ahead(State& s, const LookAheadResult& result) const {
    if (seen != nullptr) (*seen)[s.key].push_back(result);
    return s.looks++ == at ? verdict : Verdict::go_on;
  }
  [[nodiscard]] Injection injection(const State&) const { return words; }
};

// The verdicts of a policy on look-aheads of one branch.
template <class P>
[[nodiscard]] std::vector<Verdict> verdicts_ahead(const P& policy, const std::vector<LookAheadResult>& seen) {
  auto state = policy.begin(RequestInfo{});
  std::vector<Verdict> verdicts;
  for (const LookAheadResult& result : seen) verdicts.push_back(policy.judge_ahead(state, result));
  return verdicts;
}

}  // namespace litestage::test
