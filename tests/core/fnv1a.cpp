#include "litestage/core/fnv1a.hpp"

#include <doctest/doctest.h>

using namespace litestage;

TEST_CASE("FNV-1a gives the values of the reference test vectors") {
  Fnv1a hash;
  CHECK(hexadecimal(hash.value()) == "cbf29ce484222325");  // of nothing
  hash.add("foobar");
  CHECK(hash.value() == 0x85944171f73967e8u);
  CHECK(hexadecimal(0x0123456789abcdefu) == "0123456789abcdef");
}
