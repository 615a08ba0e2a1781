#include "litestage/core/numeric.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>

using namespace litestage;

TEST_CASE("every half survives the way to float and back") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const f16 half{static_cast<std::uint16_t>(bits)};
    const float value = to_float(half);
    if (std::isnan(value))
      CHECK(std::isnan(to_float(to_f16(value))));
    else
      CHECK(to_f16(value) == half);
  }
}

TEST_CASE("every bfloat16 survives the way to float and back") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const bf16 value{static_cast<std::uint16_t>(bits)};
    if (std::isnan(to_float(value)))
      CHECK(std::isnan(to_float(to_bf16(to_float(value)))));
    else
      CHECK(to_bf16(to_float(value)) == value);
  }
}

TEST_CASE("rounding to half is to nearest, ties to even") {
  // Between every two neighbouring finite halves: just below the middle, the middle, just above it.
  for (std::uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const f16 low{static_cast<std::uint16_t>(bits)}, high{static_cast<std::uint16_t>(bits + 1)};
    const float middle = (to_float(low) + to_float(high)) / 2;  // exact in binary32
    CHECK(to_f16(std::nextafterf(middle, 0.0f)) == low);
    CHECK(to_f16(middle) == (bits % 2 == 0 ? low : high));
    CHECK(to_f16(std::nextafterf(middle, 1e9f)) == high);
  }
  CHECK(to_f16(65519.99f).bits == 0x7bff);
  CHECK(to_f16(65520.0f).bits == 0x7c00);
  CHECK(to_f16(-1e30f).bits == 0xfc00);
  CHECK(to_f16(0x1p-25f).bits == 0);  // tie between 0 and the least subnormal
  CHECK(to_f16(0x1.002p-25f).bits == 1);
}
