// Comparing numbers in tests. NaN is never close to anything, and rows of different length never are.
#pragma once

#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>

namespace litestage::test {

[[nodiscard]] inline bool close(double found, double expected, double tolerance) {
  if (found == expected) return true;  // infinities of one sign
  return std::abs(found - expected) <= tolerance;
}

// Every element within `tolerance` of what is expected; the first that is not is printed.
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
  const std::span f(found);
  const std::span e(expected);
  return f.size() == e.size() && (f.empty() || std::memcmp(f.data(), e.data(), f.size_bytes()) == 0);
}

}  // namespace litestage::test
