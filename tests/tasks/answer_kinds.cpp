#include "litestage/tasks/answer_kinds.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "litestage/tasks/read_answer.hpp"

using namespace litestage;

TEST_CASE("answers: no answer agrees with nothing, and is right for no question") {
  CHECK_FALSE(agree({}, {}));
  CHECK_FALSE(agree({"B"}, {}));
  CHECK_FALSE(agree({}, {"B"}));
  CHECK(agree({"B"}, {"B"}));
  CHECK_FALSE(is_right({}, {}));
  CHECK_FALSE(is_right({}, {{}}));
  CHECK_FALSE(is_right({"B"}, {}));
  CHECK(is_right({"B"}, {{"A"}, {"B"}}));
  CHECK(said({}) == "no answer");
  CHECK(said({"27/4"}) == "27/4");
}

TEST_CASE("answers: a letter stands for an option, and every letter for its own") {
  for (int i = 0; i < static_cast<int>(max_options); ++i) {
    CHECK(option_of(letter_answer(i)) == i);
    const Answer own = letter_answer(i);
    CHECK(tasks::canonical_answer(AnswerKind::letter, own.text) == own);
    for (int j = 0; j < static_cast<int>(max_options); ++j) CHECK(agree(own, letter_answer(j)) == (i == j));
  }
  CHECK(letter_answer(no_answer).empty());
  for (const char* text : {"", "a", "AB", "1", "@", "[", "\u00C4", "(A)", "A."}) {
    CAPTURE(text);
    CHECK(option_of({text}) == no_answer);
    CHECK_FALSE(tasks::canonical_answer(AnswerKind::letter, text));
  }
  CHECK(tasks::canonical_answer(AnswerKind::letter, " B\n") == Answer{"B"});
}

TEST_CASE("answers: a text is read by the kind of its question") {
  const std::string text = "Yes, B. The answer is 18.";
  const AnswerFormat format{.after = "the answer is"};
  Question question{.id = "q", .stem = "?", .options = {"ice", "rock"}};
  CHECK(tasks::written_answer(format, "The answer is B.", question) == Answer{"B"});
  question.kind = AnswerKind::number;
  CHECK(tasks::written_answer(format, text, question) == Answer{"18"});
  CHECK(tasks::written_answer(format, "50%", question) == Answer{"50%"});
  question.percent_is_number = true;
  CHECK(tasks::written_answer(format, "50%", question) == Answer{"50"});
  question.kind = AnswerKind::yes_no;
  CHECK(tasks::written_answer(format, text, question) == Answer{"yes"});
  question.kind = AnswerKind::text;
  CHECK(tasks::written_answer(format, text, question) == Answer{"18"});
  CHECK(tasks::written_answer(format, "", question).empty());
}

TEST_CASE("answers: what data sets write becomes the canonical form of its kind") {
  CHECK(tasks::canonical_answer(AnswerKind::number, " $1,080.00 ") == Answer{"1080"});
  CHECK(tasks::canonical_answer(AnswerKind::yes_no, "True") == Answer{"yes"});
  CHECK(tasks::canonical_answer(AnswerKind::text, "The Eiffel Tower.") == Answer{"eiffel tower"});
  CHECK_FALSE(tasks::canonical_answer(AnswerKind::number, "eighteen"));
  CHECK_FALSE(tasks::canonical_answer(AnswerKind::yes_no, "maybe"));
  CHECK_FALSE(tasks::canonical_answer(AnswerKind::text, "..."));
  CHECK(tasks::expected_answer(AnswerKind::number) == "a number");
}
