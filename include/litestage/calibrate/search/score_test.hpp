// Tests whether a candidate's mean score can still be within the target on all questions, given its scores on a random
// part of them. LossTest is the same for answers that are right or wrong.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <vector>

#include "litestage/calibrate/search/paired_trials.hpp"

namespace litestage::calibrate {

// The probability that Student's t with this many degrees of freedom is at most t: the finite series of Abramowitz and
// Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4. Boost.Math has it, but is slow to parse
// (loss_test.hpp).
[[nodiscard]] inline double student_t_below(double t, std::size_t degrees) {
  const double angle = std::atan(t / std::sqrt(static_cast<double>(degrees)));
  const double sine = std::sin(angle), square = std::cos(angle) * std::cos(angle);
  const bool odd = degrees % 2 == 1;
  double term = odd ? std::cos(angle) : 1, sum = degrees > 1 ? term : 0;
  for (std::size_t i = odd ? 3 : 2; i < degrees; i += 2) {
    term *= square * static_cast<double>(i - 1) / static_cast<double>(i);
    sum += term;
  }
  const double within =
      odd ? 2 / std::numbers::pi * (angle + sine * sum) : sine * sum;  // P(-|t| to |t|), with t's sign
  return (1 + within) / 2;
}

// The scores of a candidate less those of the origin, on the questions that the candidate was tried on.
[[nodiscard]] inline std::vector<double> score_differences(const CandidateRecord& candidate,
                                                           const CandidateRecord& origin) {
  std::vector<double> differences;
  for (std::size_t q = 0; q < candidate.outcomes.size(); ++q) {
    if (!candidate.outcomes[q] || !origin.outcomes[q]) continue;
    differences.push_back(candidate.outcomes[q]->score - origin.outcomes[q]->score);
  }
  return differences;
}

// The one-sided paired t-test: how likely a mean difference as low as that of these questions would be if the mean over
// all `questions` were `least`. The differences between questions cancel, as in the blocking races of Moore and Lee
// (Efficient Algorithms for Minimizing Cross Validation Error, ICML 1994). The standard error is that of a sample
// without replacement, so it shrinks to 0 as the questions run out. The test assumes nearly normal means; it is
// repeated after every set of questions, so candidates are dropped more often than the level says. Returns 1 for fewer
// than two questions, because one does not tell how much questions differ.
[[nodiscard]] inline double score_chance(const std::vector<double>& differences, double least, std::size_t questions) {
  const std::size_t n = differences.size();
  if (n < 2) return 1;
  double sum = 0, squares = 0;
  for (const double d : differences) sum += d;
  const double mean = sum / static_cast<double>(n);
  for (const double d : differences) squares = std::fma(d - mean, d - mean, squares);
  if (mean >= least) return 1;
  const double error = standard_error(squares / static_cast<double>(n - 1), n, std::max(n, questions));
  const double t = error > 0 ? (mean - least) / error : -std::numeric_limits<double>::infinity();
  return student_t_below(t, n - 1);
}

}  // namespace litestage::calibrate
