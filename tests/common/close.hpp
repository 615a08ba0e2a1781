// Compares numbers in tests. NaN is close to nothing, and rows of different lengths are not close.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>

namespace litestage::test {

[[nodiscard]] inline bool close(double found, double expected, double tolerance) {
  if (found == expected) return true;  // infinities of one sign
  return std::abs(found - expected) <= tolerance;
}

// Whether every element is within `tolerance` of the expected one. Prints the first that is not.
template <class Found, class Expected>
[[nodiscard]] bool all_close(const Found& found, const Expected& expected, double tolerance) {
  const std::span f(found);
  const std::span e(expected);
  if (f.size() != e.size()) return false;
  for (std::size_t i = 0; i < f.size(); ++i) {
    const double x = static_cast<double>(f[i]), y = static_cast<double>(e[i]);
    if (close(x, y, tolerance)) continue;
    MESSAGE("element ", i, " of ", f.size(), " is ", x, ", expected ", y, " to within ", tolerance);
    return false;
  }
  return true;
}

template <class Found, class Expected>
[[nodiscard]] bool same_bits(const Found& found, const Expected& expected) {
  const auto f = std::as_bytes(std::span(found));
  const auto e = std::as_bytes(std::span(expected));
  return std::equal(f.begin(), f.end(), e.begin(), e.end());
}

}  // namespace litestage::test
