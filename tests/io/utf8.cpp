#include "litestage/io/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

namespace io = litestage::io;

TEST_CASE("every code point comes back from its bytes") {
  for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 61) {
    std::string text;
    io::append_utf8(text, c);
    REQUIRE(io::lenient_code_point(text).value == c);
    REQUIRE(io::lenient_code_point(text).length == text.size());
    REQUIRE(io::strict_code_point(text).length == (io::is_surrogate(c) ? 0 : text.size()));
    REQUIRE(io::repaired(text) == text);
  }
}

TEST_CASE("bytes that are no character become one U+FFFD each") {
  CHECK(io::repaired("a\xFF\xFE"
                     "b") == "a\uFFFD\uFFFDb");
  CHECK(io::repaired("\xE2\x82") == "\uFFFD\uFFFD");
  CHECK(io::repaired("\xE2\x82x") == "\uFFFD\uFFFDx");
  CHECK(io::repaired("\xF0\x9F\x98\xF0\x9F\x98\x80") == "\uFFFD\uFFFD\uFFFD😀");
  CHECK(io::repaired("\xF4\x90\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK(io::repaired("\xF8\x88\x80\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("overlong forms are read as what their bits say, strictly they are nothing") {
  CHECK(io::repaired("\xC1\xA1") == "a");
  CHECK(io::repaired("\xE0\x80\xAF") == "/");
  CHECK(io::strict_code_point("\xC1\xA1").length == 0);
  CHECK(io::strict_code_point("\xE0\x80\xAF").length == 0);
  CHECK(io::strict_code_point("\xF0\x80\x80\x81").length == 0);
}

TEST_CASE("trimming takes what Python calls white space from both ends") {
  CHECK(io::trimmed(" \t\n\x1C\u00A0\u3000 a b\u2003\x1F\r\n") == "a b");
  CHECK(io::trimmed("\u2003\n").empty());
  CHECK(io::trimmed("").empty());
  CHECK(io::trimmed("\u200B") == "\u200B");
  CHECK(io::trimmed("  \xFF  ") == "\xFF");
}
