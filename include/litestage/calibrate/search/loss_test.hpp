// Tests whether a candidate can still be within the target on all questions, given its losses on a random part of them.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "litestage/calibrate/search/paired_trials.hpp"

namespace litestage::calibrate {

class LossTest {
 public:
  LossTest(std::size_t questions, std::size_t origin_hits, std::size_t least_hits)
      : right_(origin_hits), wrong_(questions - origin_hits), least_hits_(least_hits), log_factorial_{0} {
    for (std::size_t i = 1; i <= questions; ++i) {
      log_factorial_.push_back(log_factorial_.back() + std::log(static_cast<double>(i)));
    }
  }

  // How likely the answers seen would be if the candidate reached the target. A loss is a question that the origin
  // answers correctly and the candidate does not, a gain the reverse. For each pair of total losses and total gains
  // over all questions that reaches the target and agrees with the answers seen: the probability of at least the losses
  // seen, times that of at most the gains seen, both hypergeometric, since the questions tried are a random part.
  // Returns the maximum over the pairs, 0 if there is none. If the origin is always right, this is the exact one-sided
  // test. Otherwise the product is less than the p-value of a test on losses minus gains, so candidates are dropped
  // more often than the level says. Repeating the test after every set of questions has the same effect.
  [[nodiscard]] double chance(const AgainstOrigin& seen) const {
    double largest = 0;
    for (std::size_t gains = seen.gained; gains + seen.wrong <= wrong_ + seen.gained; ++gains) {
      if (right_ + gains < least_hits_) continue;
      const std::size_t losses = std::min(right_, right_ + gains - least_hits_);
      const double few_gains = sum_of(0, seen.gained, wrong_, gains, seen.wrong);
      largest = std::max(largest, sum_of(seen.lost, seen.right, right_, losses, seen.right) * few_gains);
    }
    return largest;
  }

 private:
  [[nodiscard]] double log_choose(std::size_t n, std::size_t k) const {
    return log_factorial_[n] - log_factorial_[k] - log_factorial_[n - k];
  }
  // P(low <= X <= high), where X counts the marked among `drawn` of `all` questions, `marked` of which are marked.
  // Boost.Math has the hypergeometric distribution, but parsing it takes 0.7 s, longer than all of this header (0.6 s,
  // g++ 12).
  [[nodiscard]] double sum_of(std::size_t low, std::size_t high, std::size_t all, std::size_t marked,
                              std::size_t drawn) const {
    double sum = 0;
    for (std::size_t i = low; i <= std::min({high, marked, drawn}); ++i) {
      if (drawn - i > all - marked) continue;
      sum += std::exp(log_choose(marked, i) + log_choose(all - marked, drawn - i) - log_choose(all, drawn));
    }
    return sum;
  }

  std::size_t right_, wrong_;  // answers of the origin over all questions
  std::size_t least_hits_;
  std::vector<double> log_factorial_;  // [questions + 1]
};

}  // namespace litestage::calibrate
