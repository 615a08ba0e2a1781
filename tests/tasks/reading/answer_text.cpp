#include "litestage/tasks/reading/answer_text.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"

using namespace litestage;
using tasks::AnswerText;
using tasks::WordKind;

namespace {

std::string words_of(const std::string& text) {
  const AnswerText words(text);
  std::string joined;
  for (std::size_t i = 0; i < words.size(); ++i) joined += concat(i == 0 ? "" : "|", words.word(i));
  return joined;
}

}  // namespace

TEST_CASE("answer text: words, with what belongs to them") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", ""},
      {" .,!", ""},
      {"The Answer", "the|answer"},
      {"isn't 'a' A's", "isn't|a|a's"},
      {"A-frame B- -C D--E", "a-frame|b|c|d|e"},
      {"1.5 -2 3/4 1,000 5:30 6. x-1", "1.5|-2|3/4|1,000|5:30|6|x-1"},
      {"A/B B.Desert", "a|b|b|desert"},
      {"snake_case", "snake_case"},
      {"B\u00E4r \u6C99\u6F20", "b\u00E4r|\u6C99|\u6F20"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(words_of(c.first) == c.second);
  }
}

TEST_CASE("answer text: what stands between words") {
  const AnswerText t("One two. Three\nfour: (five), six / seven ... eight; nine option(s)");
  REQUIRE(t.size() == 11);
  const std::vector<std::size_t> sentences = {0, 2, 8}, lines = {0, 3};
  for (std::size_t i = 0; i < t.size(); ++i) {
    CAPTURE(i);
    CHECK(t[i].new_sentence == (std::find(sentences.begin(), sentences.end(), i) != sentences.end()));
    CHECK(t[i].new_line == (std::find(lines.begin(), lines.end(), i) != lines.end()));
    CHECK(t[i].assigned == (i == 4));
    CHECK(t[i].listed == (i == 5));
    CHECK(t[i].united == (i == 6));
    CHECK(t[i].spaced == (i == 1 || i == 9));
    CHECK(t.enclosed(i) == (i == 4 || i == 10));
  }
  CHECK_FALSE(t.goes_on(0));
  CHECK(t.goes_on(1));
  CHECK_FALSE(t.goes_on(2));
  CHECK(t.goes_on(3));
  CHECK_FALSE(t.same_line(3));
  CHECK_FALSE(t.goes_on(11));
  CHECK_FALSE(t.is(11, WordKind::option));
}

TEST_CASE("answer text: a sentence goes on behind a quotation that ends in a full stop") {
  const AnswerText t("Is \"it dry?\" is. \"no\" \"x.\" Yes");
  REQUIRE(t.size() == 7);
  CHECK(t.goes_on(3));
  CHECK_FALSE(t.goes_on(4));
  CHECK(t.goes_on(5));
  CHECK_FALSE(t.goes_on(6));
}

TEST_CASE("answer text: kinds of words, whatever their case") {
  const AnswerText t("ANSWER Option not is cat");
  CHECK(t.is(0, WordKind::answer));
  CHECK(t.is(1, WordKind::option | WordKind::answer));
  CHECK_FALSE(t.is(1, WordKind::answer));
  CHECK(t.is(2, WordKind::negation));
  CHECK(t.is(3, WordKind::verb));
  CHECK(t.is(3, WordKind::following));
  CHECK(tasks::kind_of("cat") == WordKind::none);
  CHECK(tasks::kind_of("isn't") == (WordKind::negation | WordKind::following));
  CHECK(tasks::kind_of("") == WordKind::none);
}
