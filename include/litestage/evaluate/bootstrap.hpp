// The uncertainty of ratios over questions, such as speed-ups and ratios of token counts.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/split_mix64.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

struct Ratio {
  double value = 0;
  double low = 0;  // 95 % interval
  double high = 0;

  static constexpr auto fields() {
    return Fields(Field("value", &Ratio::value, "ratio of the sums", 0),
                  Field("low", &Ratio::low, "lower end of the 95 % interval", 0),
                  Field("high", &Ratio::high, "upper end of the 95 % interval", 0));
  }
  friend bool operator==(const Ratio&, const Ratio&) = default;
};

// With fewer questions, an interval is too narrow.
inline constexpr std::size_t enough_questions = 20;

struct BootstrapOptions {
  std::size_t resamples = 10000;  // from seed to seed, the bounds then move by a few hundredths of the interval's width
  std::uint64_t seed = 1;
};

// sum(a) / sum(b), where a[i] and b[i] belong to the same question, with its percentile bootstrap interval (Efron and
// Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). Questions are resampled in pairs, so that a question
// that is long in both runs does not count as uncertainty. Both sums are over the same questions, so it is also the
// ratio of means. sum(seconds at full depth) / sum(seconds of a method) is the method's speed-up.
//
// Returns nothing if there are no questions or if b is zero on a whole resample, because the ratio is unbounded then.
// The interval assumes that the questions are a random sample; with fewer than enough_questions it is too narrow, with
// one question it has no width. The same numbers give the same interval on every platform.
[[nodiscard]] inline std::optional<Ratio> ratio_of_sums(std::span<const double> a, std::span<const double> b,
                                                        const BootstrapOptions& options = {}) {
  LITESTAGE_ASSERT(a.size() == b.size(), a.size(), " against ", b.size(), " questions");
  LITESTAGE_ASSERT(options.resamples > 0);
  double sum_a = 0, sum_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    LITESTAGE_ASSERT(a[i] >= 0 && b[i] >= 0 && std::isfinite(a[i]) && std::isfinite(b[i]), a[i], " and ", b[i]);
    sum_a += a[i];
    sum_b += b[i];
  }
  if (!(sum_b > 0)) return std::nullopt;

  SplitMix64 random(options.seed);
  std::vector<double> ratios;  // [resamples]
  ratios.reserve(options.resamples);
  for (std::size_t r = 0; r < options.resamples; ++r) {
    double drawn_a = 0, drawn_b = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      const std::size_t drawn = random.below(a.size());
      drawn_a += a[drawn];
      drawn_b += b[drawn];
    }
    if (!(drawn_b > 0)) return std::nullopt;
    ratios.push_back(drawn_a / drawn_b);
  }
  std::sort(ratios.begin(), ratios.end());
  // 2.5 % of the resamples lie beyond each bound. Rounding must not move a bound past the value.
  const std::size_t beyond = options.resamples / 40;
  const double value = sum_a / sum_b;
  return Ratio{value, std::min(value, ratios[beyond]), std::max(value, ratios[options.resamples - 1 - beyond])};
}

}  // namespace litestage::evaluate
