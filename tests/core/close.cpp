// Tests of close(): numbers that differ are reported.
#include "common/close.hpp"

#include <limits>
#include <vector>

using namespace litestage::test;

namespace {
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
}  // namespace

TEST_CASE("close: within the tolerance and no further, on both sides of zero") {
  CHECK(close(1.0, 1.5, 0.5));
  CHECK_FALSE(close(1.0, 1.6, 0.5));
  CHECK(close(-1.0, -1.5, 0.5));
  CHECK_FALSE(close(-1.0, -1.6, 0.5));
  CHECK_FALSE(close(-1.0, 1.0, 1.5));
  CHECK(close(0.0, -0.0, 0));
}

TEST_CASE("close: NaN is close to nothing, infinity only to itself") {
  CHECK_FALSE(close(nan_value, nan_value, 1));
  CHECK_FALSE(close(nan_value, 0, infinity));
  CHECK_FALSE(close(1, nan_value, 1));
  CHECK_FALSE(close(1, 1, nan_value) == close(1, 2, nan_value));  // equal numbers need no tolerance
  CHECK(close(infinity, infinity, 0));
  CHECK_FALSE(close(infinity, -infinity, 1));
  CHECK_FALSE(close(infinity, 0, 1));
}

TEST_CASE("all_close: one wrong element, another order, another length") {
  const std::vector<float> a{1, 2, 3, 4}, wrong{1, 2, 3.5f, 4}, transposed{1, 3, 2, 4}, shorter{1, 2, 3}, none;
  CHECK(all_close(a, a, 0));
  CHECK_FALSE(all_close(wrong, a, 0.1));
  CHECK_FALSE(all_close(transposed, a, 0.5));
  CHECK_FALSE(all_close(shorter, a, 1));
  CHECK_FALSE(all_close(none, a, 1));
  CHECK(all_close(none, none, 0));
}

TEST_CASE("same_bits: zeros differ by sign, NaN equals itself") {
  const float zero[] = {0.0f}, minus_zero[] = {-0.0f}, nan[] = {std::numeric_limits<float>::quiet_NaN()};
  CHECK_FALSE(same_bits(zero, minus_zero));
  CHECK(same_bits(nan, nan));
  CHECK_FALSE(same_bits(std::vector<float>{1, 2}, std::vector<float>{1}));
}
