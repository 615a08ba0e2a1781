#include "litestage/tasks/reading/plain_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using litestage::tasks::plain_text;

TEST_CASE("plain text: marks are dropped, a letter that they set off comes out in brackets") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {"plain, text.\n", "plain, text.\n"},
      {"**B**", "(B)"},
      {"is *b*.", "is (b)."},
      {"`B`", "(B)"},
      {"__B__ and _c_", "(B) and (c)"},
      {"**B**each", "Beach"},
      {"x**B**", "xB"},
      {"**B", "B"},
      {"**(B) Desert**", "(B) Desert"},
      {"*B*C*", "BC"},
      {"snake_case _x", "snake_case x"},
      {"$B$", "(B)"},
      {"<b>B</b> <B> a < b > c", "(B) <B> a < b > c"},
      {"<unfinished", "<unfinished"},
      {"\\boxed{\\text{B}}", "((B))"},
      {"\\[ x \\] \\alpha \\", "( x ) alpha "},
      {"[B] {c}", "(B) (c)"},
      {"a\tb\r\nc", "a b \nc"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(plain_text(c.first) == c.second);
  }
}

TEST_CASE("plain text: signs beyond ASCII, letters of other alphabets, and bytes that are no UTF-8") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\u201CB\u201D \u2018b\u2019", "\"B\" 'b'"},
      {"\uFF08\uFF22\uFF09\uFF1A", "(B):"},
      {"a\u2014b\u2011c", "a - b-c"},
      {"a\u00A0b\u200Bc", "a bc"},
      {"na\u00EFve \u00DF \u0416 \u1E9E", "na\u00EFve \u00DF \u0416 \u1E9E"},
      {"a\u6C99\u6F20b", "a \u6C99  \u6F20 b"},
      {"\U00020000", " \U00020000 "},
      {"a\U0001F389b\u00B0", "a b "},
      {"a\u2192b", "a : b"},
      {"B\xE2\x80", "B  "},
      {"\xFF\xC0\x80Z", "   Z"},
      {"\xF5\x80\x80\x80", "    "},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(plain_text(c.first) == c.second);
  }
}
