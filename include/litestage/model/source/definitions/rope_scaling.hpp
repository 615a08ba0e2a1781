// Scales RoPE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/model/source/rope_scaling.hpp"

namespace litestage {

namespace detail {

// Divides frequency i by divisor(i).
template <class Divisor>
void divide_frequencies(RopeConfig& rope, const Divisor& divisor) {
  const std::size_t pairs = rope.rotary_dim / 2;
  if (rope.factors.empty()) rope.factors.assign(pairs, 1.0f);
  for (std::size_t i = 0; i < rope.factors.size(); ++i) {
    rope.factors[i] = static_cast<float>(static_cast<double>(rope.factors[i]) * divisor(i));
  }
}

inline void raise_magnitude(RopeConfig& rope, double by) {
  rope.magnitude = static_cast<float>(rope.magnitude * by);
}

[[nodiscard]] inline double yarn_magnitude(const YarnScaling& s) {
  const auto by = [&](double k) { return s.factor <= 1 ? 1 : 0.1 * k * std::log(s.factor) + 1; };
  if (s.magnitude) return *s.magnitude;
  return s.mscale != 0 && s.mscale_all_dim != 0 ? by(s.mscale) / by(s.mscale_all_dim) : by(1);
}

inline void need_scaling(bool ok, std::string_view source, std::string_view what, double found,
                         std::string_view expected) {
  if (!ok) throw Error(concat(source, ": ", what, " of the RoPE scaling is ", found, ", expected ", expected));
}

[[nodiscard]] inline bool is_scale(double x) {
  return x > 0 && x < 1e6;
}
[[nodiscard]] inline bool is_length(double x) {
  return x >= 2 && x <= 1 << 24;
}

}  // namespace detail

LITESTAGE_INLINE void scale_linear(RopeConfig& rope, double factor) {
  if (factor != 1) detail::divide_frequencies(rope, [&](std::size_t) { return factor; });
}

LITESTAGE_INLINE void scale_llama3(RopeConfig& rope, const Llama3Scaling& s) {
  detail::divide_frequencies(rope, [&](std::size_t i) {
    const double wave = 2 * std::numbers::pi / rope.unscaled_frequency(i);
    if (wave < s.original_context / s.high_frequency_factor) return 1.0;
    if (wave > s.original_context / s.low_frequency_factor) return s.factor;
    const double smooth =
        (s.original_context / wave - s.low_frequency_factor) / (s.high_frequency_factor - s.low_frequency_factor);
    return 1 / ((1 - smooth) / s.factor + smooth);
  });
}

LITESTAGE_INLINE void scale_yarn(RopeConfig& rope, const YarnScaling& s) {
  const double dim = rope.rotary_dim;
  // The pair that turns so often over the original context.
  const auto pair_of_turns = [&](double turns) {
    return dim * std::log(s.original_context / (2 * std::numbers::pi * turns)) / (2 * std::log(rope.base));
  };
  double low = pair_of_turns(s.beta_fast), high = pair_of_turns(s.beta_slow);
  if (s.truncate) low = std::floor(low), high = std::ceil(high);
  low = std::max(low, 0.0);
  high = std::min(high, dim - 1);
  if (low == high) high += 0.001;
  detail::divide_frequencies(rope, [&](std::size_t i) {
    const double part = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    return 1 / (part / s.factor + 1 - part);
  });
  detail::raise_magnitude(rope, detail::yarn_magnitude(s));
}

LITESTAGE_INLINE void scale_longrope(RopeConfig& rope, const LongRopeScaling& s) {
  rope.long_factors.assign(rope.rotary_dim / 2, 1.0f);
  if (!rope.factors.empty()) rope.long_factors = rope.factors;
  for (std::size_t i = 0; i < rope.long_factors.size(); ++i) rope.long_factors[i] *= s.long_factors.at(i);
  detail::divide_frequencies(rope, [&](std::size_t i) { return s.short_factors.at(i); });
  rope.original_context = s.original_context;
  const double ratio = std::log(std::max(s.factor, 1.0)) / std::log(s.original_context);
  detail::raise_magnitude(rope, s.magnitude.value_or(std::sqrt(1 + ratio)));
}

LITESTAGE_INLINE void check_scaling(const Llama3Scaling& s, std::string_view source) {
  detail::need_scaling(detail::is_scale(s.factor), source, "factor", s.factor, "above 0 and below 1e6");
  detail::need_scaling(detail::is_length(s.original_context), source, "original context length", s.original_context,
                       "2 to 16777216");
  detail::need_scaling(detail::is_scale(s.low_frequency_factor), source, "low frequency factor", s.low_frequency_factor,
                       "above 0 and below 1e6");
  detail::need_scaling(s.high_frequency_factor > s.low_frequency_factor && detail::is_scale(s.high_frequency_factor),
                       source, "high frequency factor", s.high_frequency_factor,
                       concat("above ", s.low_frequency_factor, ", the low one, and below 1e6"));
}

LITESTAGE_INLINE void check_scaling(const YarnScaling& s, std::string_view source) {
  detail::need_scaling(detail::is_scale(s.factor), source, "factor", s.factor, "above 0 and below 1e6");
  detail::need_scaling(detail::is_length(s.original_context), source, "original context length", s.original_context,
                       "2 to 16777216");
  detail::need_scaling(detail::is_scale(s.beta_slow), source, "slow beta", s.beta_slow, "above 0 and below 1e6");
  detail::need_scaling(s.beta_fast > s.beta_slow && detail::is_scale(s.beta_fast), source, "fast beta", s.beta_fast,
                       concat("above ", s.beta_slow, ", the slow one, and below 1e6"));
  const double magnitude = detail::yarn_magnitude(s);
  detail::need_scaling(magnitude > 0 && magnitude < 1e3, source, "magnitude", magnitude, "above 0 and below 1000");
}

LITESTAGE_INLINE void check_scaling(const LongRopeScaling& s, int rotary_dim, std::string_view source) {
  const std::size_t pairs = rotary_dim / 2;
  detail::need_scaling(s.short_factors.size() == pairs, source, "number of short factors",
                       static_cast<double>(s.short_factors.size()), concat(pairs));
  detail::need_scaling(s.long_factors.size() == pairs, source, "number of long factors",
                       static_cast<double>(s.long_factors.size()), concat(pairs));
  detail::need_scaling(detail::is_length(s.original_context), source, "original context length", s.original_context,
                       "2 to 16777216");
  detail::need_scaling(detail::is_scale(s.factor), source, "factor", s.factor, "above 0 and below 1e6");
}

}  // namespace litestage
