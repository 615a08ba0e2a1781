#include "litestage/core/error.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

using namespace litestage;

namespace {

template <class T>
void check_like_a_stream(const T& value) {
  std::ostringstream stream;
  stream << value;
  CHECK(concat(value) == stream.str());
}

}  // namespace

TEST_CASE("messages have numbers as streams write them") {
  for (const double x : {0.0, -0.0, 1.0, 0.1, 1e-5, 123456.0, 1234567.0, 1e100, -2.5e-300,
                         std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN(),
                         std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min()}) {
    check_like_a_stream(x);
    check_like_a_stream(-x);
    check_like_a_stream(static_cast<float>(x));
  }
  check_like_a_stream(true);
  check_like_a_stream('x');
  check_like_a_stream(std::uint8_t{65});
  check_like_a_stream(std::int16_t{-3});
  check_like_a_stream(std::numeric_limits<int>::min());
  check_like_a_stream(std::numeric_limits<std::int64_t>::min());
  check_like_a_stream(std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("messages have texts as they are") {
  CHECK(concat() == "");
  CHECK(concat("a", std::string("b"), std::string_view("cd").substr(1), 'e', 5) == "abde5");
  CHECK(concat(std::string_view("\0x", 2)).size() == 2);
}

TEST_CASE("failed assertions name the condition and the values") {
  std::string message;
  try {
    LITESTAGE_ASSERT(1 == 2, 1, " against ", 2);
  } catch (const AssertionError& e) {
    message = e.what();
  }
  CHECK(message.ends_with(": 1 == 2 does not hold: 1 against 2"));
}
