// Computes the statistics that policies read from the device's summary of a row of logits.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "litestage/kernels/rows/token_stats.cuh"
#include "litestage/step/types.hpp"

namespace litestage::gpu {

// `top`: the TokenStats::max_top largest logits, descending; only read if `signals` has top_log_probs.
[[nodiscard]] inline TokenStats token_stats_of(const kernels::LogitSummary& s, Signal signals,
                                               std::span<const float> top) {
  TokenStats stats;
  stats.token = s.token;
  stats.finite = s.broken == 0;
  const auto largest = static_cast<double>(s.largest);
  // If the largest logit is infinite, 0 * largest makes the sum NaN, because no probabilities exist.
  const double sum = static_cast<double>(s.sum) + 0 * largest, log_sum = std::log(sum);
  if (any(signals & Signal::max_logit)) stats.max_logit = s.largest;
  if (any(signals & Signal::max_prob)) stats.max_prob = static_cast<float>(1 / sum);
  if (any(signals & Signal::log_prob)) stats.log_prob = static_cast<float>(-log_sum);
  if (any(signals & Signal::entropy)) {
    stats.entropy = static_cast<float>(log_sum - static_cast<double>(s.weighted) / sum);
  }
  if (any(signals & Signal::margin)) {
    stats.margin = static_cast<float>((1 - std::exp(static_cast<double>(s.second) - largest)) / sum);
  }
  if (any(signals & Signal::top_log_probs)) {
    for (std::size_t i = 0; i < TokenStats::max_top; ++i) {
      stats.top_log_probs[i] = static_cast<float>(static_cast<double>(top[i]) - largest - log_sum);
    }
  }
  return stats;
}

}  // namespace litestage::gpu
