#include "litestage/policy/answer_format.hpp"

#include <doctest/doctest.h>

#include <string>

using litestage::LetterPattern;

namespace {

// 0 where no letter is found.
char letter_of(const LetterPattern& pattern, const std::string& text) {
  return pattern.find(text).value_or(0);
}

}  // namespace

TEST_CASE("the letter follows the words, and a full stop follows the letter") {
  const LetterPattern pattern{"the answer is option ", false, 'Z', "."};
  CHECK(letter_of(pattern, "So the answer is option C.") == 'C');
  CHECK(letter_of(pattern, "the answer is option A. Or the answer is option B.") == 'A');
  CHECK(letter_of(pattern, "the answer is option A or the answer is option B.") == 'B');
  CHECK(letter_of(pattern, "the answer is option Z.") == 'Z');
  for (const char* const none :
       {"So the answer is option C", "So the answer is option c.", "the answer is option (C).",
        "the answer is option [.", "the answer is option @.", "the answer is option ", "", "A"})
    CHECK_MESSAGE(letter_of(pattern, none) == 0, none);
}

TEST_CASE("a bracket may stand before the letter, once") {
  const LetterPattern pattern{"option ", true, 'E'};
  CHECK(letter_of(pattern, "I choose option (B) since") == 'B');
  CHECK(letter_of(pattern, "The answer is option D") == 'D');
  CHECK(letter_of(pattern, "option (X), no, option (E") == 'E');
  CHECK(letter_of(pattern, "option Better") == 'B');  // what follows is anything
  CHECK(letter_of(pattern, "option F, option ((A), option (, option") == 0);
}

TEST_CASE("words that overlap themselves are found at every place") {
  CHECK(letter_of({"aa"}, "aaaB") == 'B');
}

TEST_CASE("without words before it, the letter is the text's first word") {
  const LetterPattern pattern{"", true};
  CHECK(letter_of(pattern, " B.") == 'B');
  CHECK(letter_of(pattern, "\n\t (C) because") == 'C');
  CHECK(letter_of(pattern, "A") == 'A');
  CHECK(letter_of(pattern, "A\xc3\xa4") == 'A');
  for (const char* const none : {"", "  ", "(", "None", "B2", "B_", "BA", "- B", "b"})
    CHECK_MESSAGE(letter_of(pattern, none) == 0, none);
}

TEST_CASE("texts of any length are read without harm") {
  const std::string noise(1'000'000, 'a');
  CHECK(letter_of({"a", true}, noise) == 0);
  CHECK(letter_of({"option "}, noise + "option A" + noise) == 'A');
}
