#include "litestage/tasks/reading/rational.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace litestage::tasks;

TEST_CASE("rational numbers: lowest terms, exactly") {
  CHECK(text_of(*rational(6, 8)) == "3/4");
  CHECK(text_of(*rational(-6, 8)) == "-3/4");
  CHECK(text_of(*rational(12, 4)) == "3");
  CHECK(text_of(*rational(0, 5)) == "0");
  CHECK(text_of(*decimal("1080.00")) == "1080");
  CHECK(text_of(*decimal("6.75")) == "27/4");
  CHECK(text_of(*decimal(".5")) == "1/2");
  CHECK(text_of(*decimal("0.1")) == "1/10");
  CHECK(text_of(*product({1, 2}, {2, 3})) == "1/3");
  CHECK(text_of(*quotient({1, 2}, {1, 4})) == "2");
  CHECK(text_of(*sum({1, 2}, {1, 3})) == "5/6");
  CHECK(text_of(*decimal("9223372036854775807")) == "9223372036854775807");
}

TEST_CASE("rational numbers: what does not fit 64 bits, or is none, is nothing") {
  CHECK_FALSE(rational(1, 0));
  CHECK_FALSE(rational(1, -2));
  CHECK_FALSE(rational(INT64_MIN, 2));
  CHECK_FALSE(decimal("9223372036854775808"));
  CHECK_FALSE(decimal("0.0000000000000000001"));
  CHECK_FALSE(decimal("1a"));
  CHECK_FALSE(product({INT64_MAX, 1}, {2, 1}));
  CHECK_FALSE(product({1, INT64_MAX}, {1, 2}));
  CHECK_FALSE(quotient({1, 2}, {0, 1}));
  CHECK_FALSE(sum({INT64_MAX, 1}, {1, 1}));
  CHECK_FALSE(sum({1, INT64_MAX}, {1, INT64_MAX - 1}));
}
