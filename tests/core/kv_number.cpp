#include "litestage/core/kv_number.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <vector>

#include "litestage/core/numeric.hpp"

using namespace litestage;

namespace {

f16 stored(float x) {
  return {stored_half(std::bit_cast<std::uint32_t>(x), to_f16(x).bits)};
}

}  // namespace

TEST_CASE("stored halves: whatever rounds to a finite half is that half") {
  for (std::uint32_t bits = 0; bits < 0x7f800000u; bits += 9973) {
    for (const float x : {std::bit_cast<float>(bits), -std::bit_cast<float>(bits)}) {
      const bool fits = std::isfinite(to_float(to_f16(x)));
      CHECK(stored(x).bits == (fits ? to_f16(x).bits : kv_too_large));
    }
  }
  CHECK(stored(65504) == to_f16(65504));
  CHECK(stored(-65504) == to_f16(-65504));
  const float last = std::nextafter(65520.0f, 0.0f);
  CHECK(to_float(stored(last)) == 65504);
  CHECK(to_float(stored(-last)) == -65504);
  for (const float x : {65520.0f, std::numeric_limits<float>::max()}) {
    CHECK(stored(x).bits == kv_too_large);
    CHECK(stored(-x).bits == kv_too_large);
  }
}

TEST_CASE("stored numbers: what was not finite is NaN, and no number that was too large") {
  for (const float x : {std::numeric_limits<float>::infinity(), std::nanf(""), std::bit_cast<float>(0x7fc02000u)}) {
    for (const float y : {x, -x}) {
      CHECK(stored(y).bits == kv_not_finite);
      CHECK(std::isnan(std::bit_cast<float>(stored_single(std::bit_cast<std::uint32_t>(y)))));
    }
  }
  CHECK(std::isnan(to_float(f16{kv_too_large})));
  CHECK(std::isnan(to_float(f16{kv_not_finite})));
  for (const float x : {0.0f, -0.0f, 1e-45f, 65520.0f, -std::numeric_limits<float>::max()}) {
    CHECK(stored_single(std::bit_cast<std::uint32_t>(x)) == std::bit_cast<std::uint32_t>(x));
  }
}

TEST_CASE("rotated keys and queries have the scores of those that are not, and large components are spread") {
  for (const std::size_t dim : {1u, 6u, 16u, 64u, 80u, 96u, 128u, 256u}) {
    CAPTURE(dim);
    const std::size_t size = kv_rotation_size(dim);
    CHECK(dim % size == 0);
    CHECK(static_cast<float>(size) * kv_key_factor(dim) * kv_query_factor(dim) == 1);
    std::vector<double> q(dim), k(dim);
    double expected = 0, found = 0, size_of_sum = 0;
    for (std::size_t i = 0; i < dim; ++i) {
      q[i] = std::sin(static_cast<double>(i + 1));
      k[i] = std::cos(static_cast<double>(3 * i));
      expected += q[i] * k[i];
      size_of_sum += std::abs(q[i] * k[i]);
    }
    k[0] += 1000;
    expected += 1000 * q[0];
    rotate_kv(q.data(), dim, static_cast<double>(kv_query_factor(dim)));
    rotate_kv(k.data(), dim, static_cast<double>(kv_key_factor(dim)));
    double largest = 0;
    for (std::size_t i = 0; i < dim; ++i) {
      found += q[i] * k[i];
      largest = std::max(largest, std::abs(k[i]));
    }
    CHECK(std::abs(found - expected) <= 1e-13 * (size_of_sum + 1000));
    CHECK(largest <= 1000 * static_cast<double>(kv_key_factor(dim)) + static_cast<double>(size));
  }
  float x[4] = {1, 2, 3, 4};
  rotate_kv(x, 4, 0.5f);
  CHECK(x[0] == 5);
  CHECK(x[1] == -1);
  CHECK(x[2] == -2);
  CHECK(x[3] == 0);
}

TEST_CASE("keys lose their offset before they are rotated") {
  const float offset[4] = {100, -7, 0, 0.5f};
  float key[4] = {101, -5, 3, 4.5f}, plain[4] = {1, 2, 3, 4};
  to_kv_key(key, offset, 4);
  to_kv_key(plain, nullptr, 4);
  const float expected[4] = {5, -1, -2, 0};
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(key[i] == expected[i]);
    CHECK(plain[i] == expected[i]);
  }
}
