// Accuracy with its uncertainty, and the agreement of two runs.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

#include "litestage/core/error.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

inline constexpr double z_95 = 1.9599639845400545;  // 97.5 % point of the normal distribution: 95 % lie within +-z

// A share of trials with its 95 % interval.
struct Proportion {
  std::size_t hits = 0;
  std::size_t trials = 0;
  double value = 0;  // 0 without trials
  double low = 0;
  double high = 1;

  static constexpr auto fields() {
    using P = Proportion;
    return Fields(Field("value", &P::value, "hits / trials", 0, 1),
                  Field("low", &P::low, "lower end of the 95 % interval", 0, 1),
                  Field("high", &P::high, "upper end of the 95 % interval", 0, 1),
                  Field("hits", &P::hits, "number of hits", 0), Field("trials", &P::trials, "number of trials", 0));
  }
  friend bool operator==(const Proportion&, const Proportion&) = default;
};

// Wilson's score interval (JASA 22, 1927) without continuity correction. Unlike value +- 1.96 standard errors it stays
// inside [0, 1] and keeps its width at 0 and 1, which matters for the few dozen questions of a quick run. It assumes
// that the questions are a random sample, so it holds for one run; two runs on the same questions need a paired
// comparison (paired.hpp). Boost.Math has the exact and Jeffreys' intervals but not this one; parsing its distributions
// takes 0.7 s.
[[nodiscard]] inline Proportion proportion(std::size_t hits, std::size_t trials) {
  LITESTAGE_ASSERT(hits <= trials, hits, " of ", trials);
  if (trials == 0) return {};
  constexpr double z = z_95;
  const double n = static_cast<double>(trials);
  const double p = static_cast<double>(hits) / n;
  const double shrink = 1 + z * z / n;
  const double center = (p + z * z / (2 * n)) / shrink;
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / shrink;
  // At the ends the bound is p itself; rounding must not move it past p.
  const double low = hits == 0 ? 0 : std::min(p, center - half);
  const double high = hits == trials ? 1 : std::max(p, center + half);
  return {hits, trials, p, low, high};
}

// The share of questions answered correctly. No answer counts as wrong; questions without known gold do not count.
[[nodiscard]] inline Proportion accuracy(std::span<const Answer> predicted, std::span<const Gold> gold) {
  LITESTAGE_ASSERT(predicted.size() == gold.size(), predicted.size(), " predictions, ", gold.size(), " gold answers");
  std::size_t right = 0, known = 0;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    if (gold[i].empty()) continue;
    ++known;
    if (is_right(predicted[i], gold[i])) ++right;
  }
  return proportion(right, known);
}

// The share of questions on which two runs give the same answer. "No answer" agrees with nothing, not even with "no
// answer": a model too broken to answer must not look faithful to a second model that does not answer either.
[[nodiscard]] inline Proportion agreement(std::span<const Answer> a, std::span<const Answer> b) {
  LITESTAGE_ASSERT(a.size() == b.size(), a.size(), " against ", b.size(), " answers");
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (agree(a[i], b[i])) ++same;
  }
  return proportion(same, a.size());
}

}  // namespace litestage::evaluate
