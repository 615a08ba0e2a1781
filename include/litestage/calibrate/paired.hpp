// Two plans compared on the same questions: what differs between questions cancels.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

#include "litestage/calibrate/trial_book.hpp"

namespace litestage::calibrate {

// A plan and full depth on the questions that the plan was tried on.
struct AgainstFull {
  std::size_t right = 0;   // full depth was right
  std::size_t lost = 0;    // and the plan was wrong
  std::size_t wrong = 0;   // full depth was wrong
  std::size_t gained = 0;  // and the plan was right
};

[[nodiscard]] inline AgainstFull against_full(const PlanRecord& plan, const PlanRecord& full) {
  AgainstFull counts;
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
struct PairedSeconds {
  double mean = 0;
  double error = 0;  // standard error of the mean over all questions; infinite where one alone was tried
};

[[nodiscard]] inline PairedSeconds paired_seconds(const PlanRecord& plan, const PlanRecord& other) {
  const double tried = static_cast<double>(plan.tried);
  const auto difference = [&](std::size_t q) { return plan.outcomes[q]->seconds - other.outcomes[q]->seconds; };
  double sum = 0, squares = 0;
  for (std::size_t q = 0; q < plan.outcomes.size(); ++q) sum += plan.outcomes[q] ? difference(q) : 0;
  PairedSeconds result{sum / tried, std::numeric_limits<double>::infinity()};
  if (plan.tried < 2) return result;
  for (std::size_t q = 0; q < plan.outcomes.size(); ++q) {
    const double off = plan.outcomes[q] ? difference(q) - result.mean : 0;
    squares = std::fma(off, off, squares);
  }
  // Of some of finitely many: nothing is left to chance once all were tried.
  const double untried = 1 - tried / static_cast<double>(plan.outcomes.size());
  result.error = std::sqrt(squares / (tried - 1) / tried * untried);
  return result;
}

}  // namespace litestage::calibrate
