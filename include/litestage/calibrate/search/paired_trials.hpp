// Compares two candidates on the same questions, so that the differences between questions cancel.
#pragma once

#include <cmath>
#include <cstddef>

#include "litestage/calibrate/search/trial_book.hpp"

namespace litestage::calibrate {

// The answers of a candidate and of the origin on the questions that the candidate was tried on.
struct AgainstOrigin {
  std::size_t right = 0;   // the origin was right
  std::size_t lost = 0;    // the origin was right and the candidate wrong
  std::size_t wrong = 0;   // the origin was wrong
  std::size_t gained = 0;  // the origin was wrong and the candidate right
};

[[nodiscard]] inline AgainstOrigin against_origin(const CandidateRecord& candidate, const CandidateRecord& full) {
  AgainstOrigin counts;
  for (std::size_t q = 0; q < candidate.outcomes.size(); ++q) {
    if (!candidate.outcomes[q] || !full.outcomes[q]) continue;
    if (full.outcomes[q]->correct) {
      ++counts.right;
      if (!candidate.outcomes[q]->correct) ++counts.lost;
    } else {
      ++counts.wrong;
      if (candidate.outcomes[q]->correct) ++counts.gained;
    }
  }
  return counts;
}

// How much more a candidate costs, per question, than a candidate that was tried on all questions.
struct PairedCost {
  std::size_t tried = 0;
  double mean = 0;
  double squares = 0;  // sum of squared deviations from the mean
};

[[nodiscard]] inline PairedCost paired_cost(const CandidateRecord& candidate, const CandidateRecord& other) {
  const auto difference = [&](std::size_t q) { return candidate.outcomes[q]->cost - other.outcomes[q]->cost; };
  double sum = 0;
  for (std::size_t q = 0; q < candidate.outcomes.size(); ++q) sum += candidate.outcomes[q] ? difference(q) : 0;
  PairedCost result{.tried = candidate.tried, .mean = sum / static_cast<double>(candidate.tried)};
  for (std::size_t q = 0; q < candidate.outcomes.size(); ++q) {
    const double off = candidate.outcomes[q] ? difference(q) - result.mean : 0;
    result.squares = std::fma(off, off, result.squares);
  }
  return result;
}

// Standard error of the mean over `tried` of `questions` questions, if single questions have the variance `variance`.
// It is 0 once all questions were tried.
[[nodiscard]] inline double standard_error(double variance, std::size_t tried, std::size_t questions) {
  if (tried == questions) return 0;
  const double untried = 1 - static_cast<double>(tried) / static_cast<double>(questions);
  return std::sqrt(variance / static_cast<double>(tried) * untried);
}

}  // namespace litestage::calibrate
