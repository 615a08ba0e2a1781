// The answer on which the samples of a question agree (self-consistency, arXiv 2203.11171).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "litestage/core/compiled.hpp"

namespace litestage::tasks {

// The vote of one sample. Two answers are the same if their texts are, so the caller writes answers in a canonical
// form: "3/2" for every way to write this number, "B" for the second option.
struct SampleVote {
  std::optional<std::string> answer;  // none: no answer was found; such a sample never votes
  double weight = 1;                  // finite, at least 0
};

enum class VoteRule { most_votes, largest_weight };

// The index of the first sample that gave the winning answer; none if no sample has an answer. A tie of votes goes to
// the larger sum of weights, a tie of weights to the larger number of votes, and what is still equal to the answer that
// was given first. (lm-evaluation-harness counts no-answers as an answer and ignores weights,
// lm_eval/filters/selection.py; DeepConf gives ties to the answer seen first, deepconf/utils.py.)
[[nodiscard]] std::optional<std::size_t> winner(std::span<const SampleVote> votes, VoteRule rule);

// The smallest weight of the most confident `share` of the samples, such as 0.1: the percentile 100 * (1 - share) of
// all weights, with linear interpolation between two weights, as numpy computes it. DeepConf lets only samples of at
// least this weight vote. There is one vote or more.
[[nodiscard]] double weight_bar(std::span<const SampleVote> votes, double share);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/vote.hpp"
#endif
