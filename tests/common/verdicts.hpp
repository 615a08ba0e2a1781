// The verdicts of an exit policy on a sequence of tokens.
#pragma once

#include <vector>

#include "litestage/step/types.hpp"

namespace litestage::test {

inline constexpr Verdict go = Verdict::go_on, keep = Verdict::stop_keep, drop = Verdict::stop_drop;
using Verdicts = std::vector<Verdict>;

// Verdicts on a new branch; the policy is asked for later tokens even after it stops.
template <class P>
[[nodiscard]] Verdicts verdicts(const P& policy, const std::vector<TokenStats>& tokens) {
  auto state = policy.begin(RequestInfo{});
  Verdicts result;
  int step = 0;
  for (const TokenStats& token : tokens) {
    result.push_back(policy.observe(state, {step == 0 ? Phase::prefill : Phase::decode, step}, token));
    ++step;
  }
  return result;
}

// Statistics of tokens that differ in one field.
template <class T>
[[nodiscard]] std::vector<TokenStats> tokens(T TokenStats::*field, const std::vector<T>& values) {
  std::vector<TokenStats> result(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) result[i].*field = values[i];
  return result;
}

// Statistics of tokens whose likeliest has these probabilities.
template <class P>
[[nodiscard]] Verdicts verdicts_of_probs(const P& policy, const std::vector<float>& max_probs) {
  return verdicts(policy, tokens(&TokenStats::max_prob, max_probs));
}

// The first token at which it stops, or -1.
[[nodiscard]] inline int first_stop(const Verdicts& verdicts) {
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i] != go) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace litestage::test
