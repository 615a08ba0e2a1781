// Recorded look-aheads, for tests of exit policies that look ahead.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

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

// The verdicts of a policy on look-aheads of one branch.
template <class P>
[[nodiscard]] std::vector<Verdict> verdicts_ahead(const P& policy, const std::vector<LookAheadResult>& seen) {
  auto state = policy.begin(RequestInfo{});
  std::vector<Verdict> verdicts;
  for (const LookAheadResult& result : seen) verdicts.push_back(policy.judge_ahead(state, result));
  return verdicts;
}

}  // namespace litestage::test
