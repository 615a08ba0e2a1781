#include "cli/terminal/answer_sheet.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/answers.hpp"

using namespace litestage;
using namespace litestage::cli;

namespace {

const AnswerFormat format{AnswerRule::stated, "The answer is", " "};

std::vector<Question> three_questions() {
  return {{"q0", "?", {"a", "b", "c"}, test::gold(1)},
          {"q1", "?", {"a", "b", "c"}, test::gold(0)},
          {"q2", "?", {"a", "b", "c"}, test::gold(2)}};
}

// The option with the highest logit is `letter`.
QuestionReport report_of(const std::string& id, std::size_t letter, const std::string& text) {
  QuestionReport report;
  report.id = id;
  report.letter_logits.assign(3, 0);
  report.letter_logits[letter] = 1;
  report.stages.emplace_back();
  report.stages.back().name = "summarize";
  report.stages.back().branches.emplace_back();
  report.stages.back().branches.back().text = text;
  return report;
}

AnswerSheet sheet_of(const std::string& metric) {
  AnswerSheet sheet(three_questions(), format, metric);
  sheet.add(2, report_of("q2", 2, "answer is A"));  // the last ends first
  sheet.add(0, report_of("q0", 1, "I do not know"));
  return sheet;
}

}  // namespace

TEST_CASE("answer sheet: answers come in any order and are kept in that of the questions") {
  AnswerSheet sheet = sheet_of("letter");
  CHECK(sheet.done() == 2);
  CHECK_FALSE(sheet.complete());
  REQUIRE(sheet.answers().size() == 2);
  CHECK(sheet.answers()[0].id == "q0");
  CHECK(sheet.answers()[1].id == "q2");
  REQUIRE(sheet.answered_questions().size() == 2);
  CHECK(sheet.answered_questions()[1].id == "q2");
  sheet.add(1, report_of("q1", 2, ""));
  CHECK(sheet.complete());
  CHECK(sheet.answers()[1].id == "q1");
}

TEST_CASE("answer sheet: each metric reads what it says") {
  const AnswerSheet letter = sheet_of("letter"), text = sheet_of("extracted"), both = sheet_of("both");
  CHECK(letter.accuracy(false).hits == 2);
  CHECK(letter.accuracy(false).trials == 2);
  CHECK(text.accuracy(true).hits == 0);
  CHECK(both.accuracy(false).hits == 2);
  CHECK(both.accuracy(true).hits == 0);
  CHECK(both.silent() == 1);

  // What a results file holds: the letters where they were asked for.
  CHECK(letter.answering() == "letter");
  CHECK(both.answering() == "letter");
  CHECK(text.answering() == "extracted");
  CHECK(both.answers()[1].predicted == Answer{"C"});
  CHECK(text.answers()[1].predicted == Answer{"A"});
  CHECK(text.answers()[0].predicted.empty());
}

TEST_CASE("answer sheet: what is read from a text is an option of its own question") {
  AnswerSheet sheet({{"q0", "?", {"ice", "rock"}, test::gold(1)}, {"q1", "?", {"rock", "ice"}, test::gold(0)}}, format,
                    "extracted");
  sheet.add(0, report_of("q0", 0, "The answer is the rock."));
  sheet.add(1, report_of("q1", 0, "The answer is the rock."));
  CHECK(sheet.answers()[0].predicted == Answer{"B"});
  CHECK(sheet.answers()[1].predicted == Answer{"A"});
}

TEST_CASE("answer sheet: what is said of one question and of all so far") {
  const AnswerSheet letter = sheet_of("letter"), text = sheet_of("extracted"), both = sheet_of("both");
  CHECK(letter.verdict(0) == "letter scoring B, right is B");
  CHECK(text.verdict(0) == "from the text no answer, right is B");
  CHECK(both.verdict(2) == "letter scoring C, from the text A, right is C");
  CHECK(letter.note() == "accuracy 100.0 %");
  CHECK(text.note() == "accuracy 0.0 %");
  CHECK(AnswerSheet(three_questions(), format, "both").note().empty());
}

TEST_CASE("answer sheet: answers of other kinds, and several right ones") {
  AnswerSheet sheet({{"q0", "?", {}, {{"18"}, {"20"}}, AnswerKind::number}, {"q1", "?", {}, {}, AnswerKind::text}}, {},
                    "extracted");
  sheet.add(0, report_of("q0", 0, "4 * 5 = 20"));
  sheet.add(1, report_of("q1", 0, "The Eiffel Tower."));
  CHECK(sheet.verdict(0) == "from the text 20, right is 18 or 20");
  CHECK(sheet.verdict(1) == "from the text eiffel tower");
  CHECK(sheet.accuracy(true).hits == 1);
  CHECK(sheet.accuracy(true).trials == 1);
  CHECK(sheet.answers()[0].kind == AnswerKind::number);
}

TEST_CASE("answer sheet: without an answer key there is no accuracy") {
  std::vector<Question> questions = three_questions();
  for (Question& q : questions) q.gold.clear();
  AnswerSheet sheet(questions, format, "letter");
  sheet.add(0, report_of("q0", 1, ""));
  CHECK(sheet.note().empty());
  CHECK(sheet.verdict(0) == "letter scoring B");
}
