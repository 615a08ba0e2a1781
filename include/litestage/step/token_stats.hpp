// From the sums of a row of logits to the statistics of its token. Each backend sums in the way that suits it; what the
// sums mean, which of them a signal needs, and what it is computed from is only here.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "litestage/step/types.hpp"

namespace litestage {

// sum e^d and sum e^d d over some logits z with d = z - maximum of the row
struct ExpSums {
  double weight = 0, weighted = 0;

  // Adds a logit with this d and e = e^d.
  void add(double e, double d) {
    weight += e;
    weighted = std::fma(e, d, weighted);
  }
  void add(const ExpSums& other) {
    weight += other.weight;
    weighted += other.weighted;
  }
};

// What a backend sums of a row of logits.
struct LogitSums {
  int token = -1;      // the lowest id that has the largest logit
  bool finite = true;  // whether all logits are finite
  double maximum = 0;  // the largest logit
  ExpSums sums;        // if needs_sums(signals)
  // The needs_largest(signals) largest logits, descending; -inf past the vocabulary.
  std::array<double, TokenStats::max_top> largest{};
};

// Whether signals need the sums over the vocabulary, and how many of the largest logits they need.
[[nodiscard]] inline bool needs_sums(Signal s) {
  return any(s & (Signal::max_prob | Signal::margin | Signal::entropy | Signal::top_log_probs | Signal::log_prob));
}
[[nodiscard]] inline std::size_t needs_largest(Signal s) {
  return any(s & Signal::top_log_probs) ? TokenStats::max_top : (any(s & Signal::margin) ? 2 : 0);
}

// Computes the statistics in `signals`. If a logit is NaN, probabilities are NaN.
[[nodiscard]] inline TokenStats token_stats_of(const LogitSums& row, Signal signals) {
  TokenStats stats;
  stats.token = row.token;
  stats.finite = row.finite;
  const double sum = row.sums.weight, log_sum = std::log(sum);
  if (any(signals & Signal::max_logit)) stats.max_logit = static_cast<float>(row.maximum);
  if (any(signals & Signal::max_prob)) stats.max_prob = static_cast<float>(1 / sum);
  if (any(signals & Signal::log_prob)) stats.log_prob = static_cast<float>(-log_sum);
  if (any(signals & Signal::entropy)) stats.entropy = static_cast<float>(log_sum - row.sums.weighted / sum);
  if (any(signals & Signal::margin)) {
    stats.margin = static_cast<float>((1 - std::exp(row.largest[1] - row.maximum)) / sum);
  }
  if (any(signals & Signal::top_log_probs)) {
    for (std::size_t i = 0; i < TokenStats::max_top; ++i) {
      stats.top_log_probs[i] = static_cast<float>(row.largest[i] - row.maximum - log_sum);
    }
  }
  return stats;
}

}  // namespace litestage
