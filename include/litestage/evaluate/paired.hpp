// Two runs on the same questions: is one more often right than the other?
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "litestage/core/error.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

// Numbers of questions by which run was right. Only questions that exactly one run answers correctly distinguish the
// runs.
struct PairedCounts {
  std::size_t trials = 0;
  std::size_t only_a = 0;
  std::size_t only_b = 0;

  void add(bool a_right, bool b_right) {
    ++trials;
    if (a_right && !b_right) ++only_a;
    if (b_right && !a_right) ++only_b;
  }
  friend bool operator==(const PairedCounts&, const PairedCounts&) = default;
};

// Compares predictions question by question, under the rules of `accuracy`.
[[nodiscard]] inline PairedCounts paired_counts(std::span<const Answer> a, std::span<const Answer> b,
                                                std::span<const Gold> gold) {
  LITESTAGE_ASSERT(a.size() == gold.size() && b.size() == gold.size(), a.size(), " and ", b.size(), " predictions, ",
                   gold.size(), " gold answers");
  PairedCounts counts;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    if (!gold[i].empty()) counts.add(is_right(a[i], gold[i]), is_right(b[i], gold[i]));
  }
  return counts;
}

// McNemar's exact test: the two-sided binomial test of whether the questions that only one run answers correctly fall
// to either run with probability 1/2. The chi-squared approximation needs about 25 such questions, more than a
// comparison of similar runs has. The two-sided p-value is twice the smaller tail, at most 1. It is exact at any count:
// the first term of the tail is computed by its logarithm, and each further term is a multiple of the one before and
// smaller. Boost.Math's incomplete beta function agrees to 1e-13 up to 2000 questions, but parsing it takes 0.7 s (g++
// 12 -fsyntax-only), twice as long as this whole header; its root finders, which could replace the loop in
// `upper_bound`, take 0.2 s.
[[nodiscard]] inline double mcnemar_exact(std::size_t only_a, std::size_t only_b) {
  const std::size_t k = std::min(only_a, only_b), n = only_a + only_b;
  double log_largest = -static_cast<double>(n) * 0.69314718055994531;  // log of C(n, k) / 2^n
  for (std::size_t i = 1; i <= k; ++i) {
    log_largest += std::log(static_cast<double>(n - k + i) / static_cast<double>(i));
  }
  double term = 1, tail = 1;
  for (std::size_t i = k; i > 0; --i) {
    term *= static_cast<double>(i) / static_cast<double>(n - i + 1);
    tail += term;
  }
  return only_a == only_b ? 1 : std::min(1.0, 2 * tail * std::exp(log_largest));
}

// How much more accurate run a is than run b. In files b is the reference.
struct PairedDifference {
  static constexpr bool written_only = true;
  PairedCounts counts;
  double value = 0;  // accuracy of a minus accuracy of b; 0 without trials
  double low = -1;   // 95 % interval
  double high = 1;
  double p_value = 1;  // mcnemar_exact

  static constexpr auto fields() {
    using D = PairedDifference;
    return Fields(Field("value", &D::value, "difference of the accuracies"),
                  Field("low", &D::low, "lower end of the 95 % interval"),
                  Field("high", &D::high, "upper end of the 95 % interval"),
                  Field("p_value", &D::p_value, "p-value of McNemar's test"),
                  ComputedField("only_this_right", [](const D& d) { return d.counts.only_a; }),
                  ComputedField("only_reference_right", [](const D& d) { return d.counts.only_b; }));
  }
};

namespace detail {

// Whether the score test at 5 % does not reject that the accuracies differ by `difference`.
[[nodiscard]] inline bool is_open(const PairedCounts& counts, double difference) {
  const auto n = static_cast<double>(counts.trials), only_a = static_cast<double>(counts.only_a),
             seen_only_b = static_cast<double>(counts.only_b);
  const double slope = (2 * n - only_a + seen_only_b) * difference - only_a - seen_only_b,
               rest = seen_only_b * difference * (1 - difference);
  // The maximum-likelihood probability p that only run b is right, given the difference: the non-negative root of
  // 2n p^2 + slope p - rest = 0. The two formulas for it are equal; each is used where it subtracts no nearly equal
  // numbers.
  const double root = std::sqrt(std::max(0.0, slope * slope + 8 * n * rest));
  const double sum = slope + root;
  const double only_b = slope <= 0 ? (root - slope) / (4 * n) : sum > 0 ? 2 * rest / sum : 0;
  const double variance = 2 * std::max(0.0, only_b) + difference * (1 - difference);
  const double distance = n * difference - (only_a - seen_only_b);
  return distance * distance <= z_95 * z_95 * n * variance;
}

// The largest difference that the test does not reject.
[[nodiscard]] inline double upper_bound(const PairedCounts& counts, double value) {
  double open = value, closed = 1;
  if (is_open(counts, closed)) return closed;
  for (int step = 0; step < 60; ++step) {
    const double middle = (open + closed) / 2;
    (is_open(counts, middle) ? open : closed) = middle;
  }
  return open;
}

}  // namespace detail

// Tango's interval (Statistics in Medicine 17, 1998, 891-908): the differences that a score test for paired proportions
// does not reject at 5 %. It stays inside [-1, 1]. If the runs never differ, n questions bound the difference by z^2 /
// (n + z^2), as Wilson's interval (metrics.hpp) bounds a proportion without a hit, while the usual value +- 1.96
// standard errors has no width there. The p-value is exact and the interval is not, so they may disagree near 5 %; the
// p-value is then the more cautious of the two.
[[nodiscard]] inline PairedDifference paired_difference(const PairedCounts& counts) {
  LITESTAGE_ASSERT(counts.only_a + counts.only_b <= counts.trials, counts.only_a, " + ", counts.only_b, " of ",
                   counts.trials);
  if (counts.trials == 0) return {};
  const double value =
      (static_cast<double>(counts.only_a) - static_cast<double>(counts.only_b)) / static_cast<double>(counts.trials);
  const PairedCounts mirrored = {counts.trials, counts.only_b, counts.only_a};
  return {counts, value, -detail::upper_bound(mirrored, -value), detail::upper_bound(counts, value),
          mcnemar_exact(counts.only_a, counts.only_b)};
}

}  // namespace litestage::evaluate
