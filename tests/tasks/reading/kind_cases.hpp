// Texts with the answers that are read from them, for kinds of answers that are no letters.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "litestage/tasks/answer_kinds.hpp"

namespace litestage::test {

struct TextCase {
  std::string text;
  std::string answer;  // in its canonical form; empty for none
};

inline const AnswerFormat anywhere{};
inline const AnswerFormat first_anywhere{.take = TakenMatch::first};
inline const AnswerFormat after_words{.after = "the answer is"};

inline void check_answers(AnswerKind kind, const AnswerFormat& format, const std::vector<TextCase>& cases,
                          bool percent_is_number = false) {
  for (const TextCase& c : cases) {
    CAPTURE(c.text);
    CHECK(tasks::read_as(kind, format, c.text, percent_is_number).text == c.answer);
  }
}

// Two texts of a data set or a model, and whether they are the same answer.
struct EqualCase {
  std::string a, b;
  bool equal;
};

inline void check_equal(AnswerKind kind, const std::vector<EqualCase>& cases) {
  for (const EqualCase& c : cases) {
    CAPTURE(c.a);
    CAPTURE(c.b);
    const auto a = tasks::canonical_answer(kind, c.a), b = tasks::canonical_answer(kind, c.b);
    REQUIRE(a);
    REQUIRE(b);
    CHECK(agree(*a, *b) == c.equal);
    CHECK(agree(*b, *a) == c.equal);
  }
}

}  // namespace litestage::test
