// How many sub-layers a policy would skip per token on stages of known lengths, without running a model: what makes
// settings of different methods comparable at equal skipping.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/policy/concepts.hpp"

namespace litestage::compare {

struct StageLength {
  std::string name;
  int max_new_tokens = 0;
  double prompt_tokens = 0;  // of all branches; what they share runs once and counts once
  double branches = 1;
  double branch_tokens = 0;  // generated, of one branch; rounded here
};

// Lengths that a method's runs had.
template <StageSchedule Stages>
[[nodiscard]] std::vector<StageLength> stage_lengths(const Method& method, const Stages& stages) {
  std::vector<StageLength> lengths;
  for (const StageMeans& m : stage_means(method)) {
    lengths.push_back(
        {m.name, stages.stage(lengths.size()).max_new_tokens, m.distinct_prompt_tokens, m.branches, m.branch_tokens});
  }
  return lengths;
}

namespace detail {

template <SkipPolicy Policy>
[[nodiscard]] int skipped_in_step(const Policy& policy, const typename Policy::State& state, const StepInfo& step,
                                  int n_layers) {
  int skipped = 0;
  for (int u = 0; u < 2 * n_layers; ++u) skipped += policy.decide(state, step, Sublayer::at(u)).skip ? 1 : 0;
  return skipped;
}

}  // namespace detail

// The mean over prompt tokens and decode steps. Exact for policies that read no statistics of sub-layers, which is what
// it is for. The last token of a branch is chosen but not forwarded.
template <SkipPolicy Policy>
[[nodiscard]] double expected_skipping(const Policy& policy, int n_layers, std::span<const StageLength> stages) {
  double skipped = 0, tokens = 0;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    const StageLength& stage = stages[s];
    const typename Policy::State state =
        policy.begin(RequestInfo{n_layers, static_cast<int>(s), stage.name, stage.max_new_tokens});
    skipped += stage.prompt_tokens * detail::skipped_in_step(policy, state, {Phase::prefill, 0}, n_layers);
    tokens += stage.prompt_tokens;
    for (int step = 0; step + 1 < static_cast<int>(std::lround(stage.branch_tokens)); ++step) {
      skipped += stage.branches * detail::skipped_in_step(policy, state, {Phase::decode, step}, n_layers);
      tokens += stage.branches;
    }
  }
  return tokens > 0 ? skipped / tokens : 0;
}

}  // namespace litestage::compare
