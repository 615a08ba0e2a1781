// The confidence of a whole sample, computed from those of its tokens, as a weight in a vote. The formulas are
// DeepConf's (arXiv 2508.15260; facebookresearch/deepconf, 675529d, deepconf/utils.py), whose token confidence is
// confidence::MeanLogProbTopK with k = 20.
#pragma once

#include <cstddef>
#include <span>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/vote_weight.hpp"

namespace litestage::tasks {

// DeepConf's window. Samples of short stages are one group under it.
inline constexpr std::size_t deepconf_window = 2048;

// The weight of a sample whose tokens have these confidences (BranchReport::trace). Groups are sliding windows of
// `window` tokens, one token apart; a shorter trace is one group. Tokens without a finite confidence are left out, and
// a trace without any token weighs 0, as does a negative mean, which DeepConf's confidence never has.
//
//   one           1
//   mean          mean of all tokens
//   tail          mean of the last `window` tokens
//   lowest_group  smallest mean of a group
//   lowest_tenth  mean of the max(1, floor(groups / 10)) smallest means of groups
[[nodiscard]] double trace_score(std::span<const float> trace, VoteWeight weight, std::size_t window = deepconf_window);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/trace_score.hpp"
#endif
