#include "litestage/core/text/outside_text.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace litestage;

TEST_CASE("what a terminal would obey is written out, all other text stays as it is") {
  CHECK(shown("plain \u00e9\u4e16\U0001F600 text") == "plain \u00e9\u4e16\U0001F600 text");
  CHECK(shown("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(shown("\x1b[2J\x07\x7f") == "\\x1b[2J\\x07\\x7f");
  CHECK(shown("\xc2\x9b"
              "31m") == "\\u009b31m");                     // CSI in one character
  CHECK(shown("\u202eabc\u2066") == "\\u202eabc\\u2066");  // right to left
  CHECK(shown("\u00a0\u2027\u202f") == "\u00a0\u2027\u202f");
  CHECK(shown("") == "");
  for (int c = 0; c < 256; ++c) {  // alone in a text
    const std::string text = shown(std::string(1, static_cast<char>(c)));
    CHECK((text.size() == 1) == (c >= ' ' && c < 0x7f));
    for (const char s : text) CHECK((s >= ' ' && s <= '~'));
  }
}

TEST_CASE("bytes that are no characters are written out, one by one") {
  CHECK(shown("a\xff\xfe") == "a\\xff\\xfe");
  CHECK(shown("\xe2\x82x") == "\\xe2\\x82x");
  CHECK(shown("\xc1\xa1") == "\\xc1\\xa1");           // overlong
  CHECK(shown("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
}

TEST_CASE("long text is cut between characters, and says so") {
  CHECK(shown("12345678", 8) == "12345678");
  CHECK(shown("123456789", 8) == "12345678...");
  CHECK(shown("1234567\u00e9", 8) == "1234567...");
  CHECK(shown("1234567\x1b", 8) == "1234567...");  // no half of an escape
  CHECK(shown(std::string(1 << 20, '\x1b')).size() <= 83);
}

TEST_CASE("between quotation marks these are told from the text's own") {
  CHECK(in_quotes("a") == "\"a\"");
  CHECK(in_quotes("a\"b\\n\n") == "\"a\\\"b\\\\n\\n\"");
  CHECK(in_quotes("123456789", 8) == "\"12345678...\"");
  CHECK(in_quotes("1234567\"", 8) == "\"1234567...\"");
  CHECK(in_quotes("") == "\"\"");
}
