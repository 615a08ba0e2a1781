// Counts votes.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/tasks/vote.hpp"

namespace litestage::tasks {

namespace detail {

// The votes for one answer.
struct AnswerCount {
  std::size_t first = 0;  // index of the first sample
  std::size_t votes = 0;
  double weight = 0;
};

}  // namespace detail

LITESTAGE_INLINE std::optional<std::size_t> winner(std::span<const SampleVote> votes, VoteRule rule) {
  std::vector<detail::AnswerCount> counts;  // in the order in which the answers were given first
  for (std::size_t i = 0; i < votes.size(); ++i) {
    LITESTAGE_ASSERT(std::isfinite(votes[i].weight) && votes[i].weight >= 0, "weight ", votes[i].weight);
    if (!votes[i].answer) continue;
    auto count = std::find_if(counts.begin(), counts.end(),
                              [&](const detail::AnswerCount& c) { return votes[c.first].answer == votes[i].answer; });
    if (count == counts.end()) count = counts.insert(count, {.first = i});
    ++count->votes;
    count->weight += votes[i].weight;
  }
  if (counts.empty()) return std::nullopt;
  const auto less = [&](const detail::AnswerCount& a, const detail::AnswerCount& b) {
    if (rule == VoteRule::most_votes) return a.votes != b.votes ? a.votes < b.votes : a.weight < b.weight;
    return a.weight != b.weight ? a.weight < b.weight : a.votes < b.votes;
  };
  return std::max_element(counts.begin(), counts.end(), less)->first;  // the first of equals
}

LITESTAGE_INLINE double weight_bar(std::span<const SampleVote> votes, double share) {
  LITESTAGE_ASSERT(!votes.empty() && share > 0 && share <= 1, votes.size(), " votes, share ", share);
  std::vector<double> weights;
  for (const SampleVote& vote : votes) weights.push_back(vote.weight);
  std::sort(weights.begin(), weights.end());
  const double place = (1 - share) * static_cast<double>(weights.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 == weights.size()) return weights.back();
  return weights[below] + (place - std::floor(place)) * (weights[below + 1] - weights[below]);
}

}  // namespace litestage::tasks
