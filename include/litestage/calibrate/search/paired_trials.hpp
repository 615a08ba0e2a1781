// Two plans compared on the same questions: what differs between questions cancels.
#pragma once

#include <cmath>
#include <cstddef>

#include "litestage/calibrate/search/trial_book.hpp"

namespace litestage::calibrate {

// A plan and full depth on the questions that the plan was tried on.
struct AgainstOrigin {
  std::size_t right = 0;   // full depth was right
  std::size_t lost = 0;    // and the plan was wrong
  std::size_t wrong = 0;   // full depth was wrong
  std::size_t gained = 0;  // and the plan was right
};

[[nodiscard]] inline AgainstOrigin against_origin(const CandidateRecord& plan, const CandidateRecord& full) {
  AgainstOrigin counts;
  for (std::size_t q = 0; q < plan.outcomes.size(); ++q) {
    if (!plan.outcomes[q] || !full.outcomes[q]) continue;
    if (full.outcomes[q]->correct) {
      ++counts.right;
      if (!plan.outcomes[q]->correct) ++counts.lost;
    } else {
      ++counts.wrong;
      if (plan.outcomes[q]->correct) ++counts.gained;
    }
  }
  return counts;
}

// How much slower a plan is than one that was tried on all questions, per question.
struct PairedCost {
  std::size_t tried = 0;
  double mean = 0;
  double squares = 0;  // of the deviations from the mean, summed
};

[[nodiscard]] inline PairedCost paired_cost(const CandidateRecord& plan, const CandidateRecord& other) {
  const auto difference = [&](std::size_t q) { return plan.outcomes[q]->cost - other.outcomes[q]->cost; };
  double sum = 0;
  for (std::size_t q = 0; q < plan.outcomes.size(); ++q) sum += plan.outcomes[q] ? difference(q) : 0;
  PairedCost result{plan.tried, sum / static_cast<double>(plan.tried), 0};
  for (std::size_t q = 0; q < plan.outcomes.size(); ++q) {
    const double off = plan.outcomes[q] ? difference(q) - result.mean : 0;
    result.squares = std::fma(off, off, result.squares);
  }
  return result;
}

// Standard error of a mean over `tried` of `questions`, where single questions vary by `variance`. Nothing is left to
// chance once all were tried.
[[nodiscard]] inline double standard_error(double variance, std::size_t tried, std::size_t questions) {
  if (tried == questions) return 0;
  const double untried = 1 - static_cast<double>(tried) / static_cast<double>(questions);
  return std::sqrt(variance / static_cast<double>(tried) * untried);
}

}  // namespace litestage::calibrate
