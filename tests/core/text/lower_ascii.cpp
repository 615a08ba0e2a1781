#include "litestage/core/text/lower_ascii.hpp"

#include <doctest/doctest.h>

TEST_CASE("lower case: the letters A to Z alone, whatever stands beside them") {
  CHECK(litestage::lower_ascii("") == "");
  CHECK(litestage::lower_ascii("AZ az @[ `{ 09") == "az az @[ `{ 09");
  CHECK(litestage::lower_ascii("\xC3\x84 \xCE\xA9") == "\xC3\x84 \xCE\xA9");  // no letters of ASCII
}
