// Whole numbers for weights, as quantisers choose them.
#pragma once

#include <cmath>

namespace litestage::quantisers {

// A whole number within bounds. Sums over weights of extreme size can overflow: NaN becomes the lower bound.
[[nodiscard]] inline int bounded(float whole, int low, int high) {
  if (whole >= static_cast<float>(high)) return high;
  return whole > static_cast<float>(low) ? static_cast<int>(whole) : low;
}

// The nearest whole number, ties to even, within bounds.
[[nodiscard]] inline int nearest(float value, int low, int high) {
  return bounded(std::nearbyint(value), low, high);
}

// The element of largest magnitude, with its sign; the first of several.
[[nodiscard]] inline float signed_largest(const float* x, int n) {
  float largest = 0;
  for (int i = 0; i < n; ++i) {
    if (std::fabs(x[i]) > std::fabs(largest)) largest = x[i];
  }
  return largest;
}

[[nodiscard]] inline float reciprocal(float d) {
  return d != 0 ? 1 / d : 0;
}

}  // namespace litestage::quantisers
