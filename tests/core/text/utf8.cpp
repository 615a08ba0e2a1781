#include "litestage/core/text/utf8.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace litestage;

TEST_CASE("every code point comes back from its bytes") {
  for (char32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 61) {
    std::string text;
    append_utf8(text, c);
    REQUIRE(lenient_code_point(text).value == c);
    REQUIRE(lenient_code_point(text).length == text.size());
    REQUIRE(strict_code_point(text).length == (is_surrogate(c) ? 0 : text.size()));
    REQUIRE(repaired(text) == text);
  }
}

TEST_CASE("bytes that are no character become one U+FFFD each") {
  CHECK(repaired("a\xFF\xFE"
                 "b") == "a\uFFFD\uFFFDb");
  CHECK(repaired("\xE2\x82") == "\uFFFD\uFFFD");
  CHECK(repaired("\xE2\x82x") == "\uFFFD\uFFFDx");
  CHECK(repaired("\xF0\x9F\x98\xF0\x9F\x98\x80") == "\uFFFD\uFFFD\uFFFD😀");
  CHECK(repaired("\xF4\x90\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD");
  CHECK(repaired("\xF8\x88\x80\x80\x80") == "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("overlong forms are read as what their bits say, strictly they are nothing") {
  CHECK(repaired("\xC1\xA1") == "a");
  CHECK(repaired("\xE0\x80\xAF") == "/");
  CHECK(strict_code_point("\xC1\xA1").length == 0);
  CHECK(strict_code_point("\xE0\x80\xAF").length == 0);
  CHECK(strict_code_point("\xF0\x80\x80\x81").length == 0);
}

TEST_CASE("trimming takes what Python calls white space from both ends") {
  CHECK(trimmed(" \t\n\x1C\u00A0\u3000 a b\u2003\x1F\r\n") == "a b");
  CHECK(trimmed("\u2003\n").empty());
  CHECK(trimmed("").empty());
  CHECK(trimmed("\u200B") == "\u200B");
  CHECK(trimmed("  \xFF  ") == "\xFF");
}

TEST_CASE("utf8: surrogates become U+FFFD, other characters of their first byte stay") {
  CHECK(without_surrogates("a\xED\xA0\x80"
                           "b\xED\xBF\xBF") ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
  CHECK(without_surrogates("\xED\x9F\xBF") == "\xED\x9F\xBF");  // U+D7FF
  CHECK(without_surrogates("").empty());
}
