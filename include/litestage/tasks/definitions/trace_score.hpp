// Means of confidences.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/tasks/trace_score.hpp"

namespace litestage::tasks {

namespace detail {

[[nodiscard]] inline double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

[[nodiscard]] inline std::vector<double> group_means(std::span<const double> values, std::size_t window) {
  const std::size_t n = std::min(window, values.size());
  std::vector<double> means;
  for (std::size_t i = 0; i + n <= values.size(); ++i) means.push_back(mean_of(values.subspan(i, n)));
  return means;
}

}  // namespace detail

LITESTAGE_INLINE double trace_score(std::span<const float> trace, VoteWeight weight, std::size_t window) {
  LITESTAGE_ASSERT(window > 0, "a window has a token");
  if (weight == VoteWeight::one) return 1;
  std::vector<double> values;
  for (const float confidence : trace) {
    if (std::isfinite(confidence)) values.push_back(confidence);
  }
  if (values.empty()) return 0;
  double score = 0;
  if (weight == VoteWeight::mean) {
    score = detail::mean_of(values);
  } else if (weight == VoteWeight::tail) {
    score = detail::mean_of(std::span<const double>(values).last(std::min(window, values.size())));
  } else {
    std::vector<double> means = detail::group_means(values, window);
    std::sort(means.begin(), means.end());
    const std::size_t tenth = std::max<std::size_t>(1, means.size() / 10);
    score =
        weight == VoteWeight::lowest_group ? means[0] : detail::mean_of(std::span<const double>(means).first(tenth));
  }
  return std::max(score, 0.0);
}

}  // namespace litestage::tasks
