// The device's summary of a row of logits as the sums that statistics are computed from.
#pragma once

#include <algorithm>
#include <span>

#include "litestage/kernels/rows/token_stats.cuh"
#include "litestage/step/token_stats.hpp"
#include "litestage/step/types.hpp"

namespace litestage::gpu {

// `top`: the TokenStats::max_top largest logits, descending, or nothing if signals need no more than two.
[[nodiscard]] inline TokenStats token_stats_of(const kernels::LogitSummary& s, Signal signals,
                                               std::span<const float> top) {
  LogitSums row;
  row.token = s.token;
  row.finite = s.broken == 0;
  row.maximum = static_cast<double>(s.largest);
  // If the largest logit is infinite, 0 * maximum makes the sum NaN, because no probabilities exist.
  row.sums = {static_cast<double>(s.sum) + 0 * row.maximum, static_cast<double>(s.weighted)};
  row.largest = {row.maximum, static_cast<double>(s.second)};
  if (!top.empty()) std::copy_n(top.begin(), TokenStats::max_top, row.largest.begin());
  return litestage::token_stats_of(row, signals);
}

}  // namespace litestage::gpu
