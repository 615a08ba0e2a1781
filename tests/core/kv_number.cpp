#include "litestage/core/kv_number.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <initializer_list>
#include <limits>

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
