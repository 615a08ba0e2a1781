#include "litestage/evaluate/answers.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

namespace {

using litestage::AnswerFormat;
using litestage::BranchReport;
using litestage::QuestionReport;
using litestage::StageReport;
namespace evaluate = litestage::evaluate;

const AnswerFormat tiny{{"the answer is option ", false, 'Z', "."}, "So the answer is option", " "};
const AnswerFormat chat{{"option ", true, 'E'}, "The answer is option (", ""};

}  // namespace

TEST_CASE("an option's index is read from the text; a letter beyond the options is no answer") {
  CHECK(evaluate::written_answer(tiny.pattern, "So the answer is option C.", 4) == 2);
  CHECK(evaluate::written_answer(tiny.pattern, "the answer is option E.", 5) == 4);
  CHECK(evaluate::written_answer(tiny.pattern, "the answer is option E.", 4) == -1);
  CHECK(evaluate::written_answer(tiny.pattern, "the answer is option Z. the answer is option A.", 4) == -1);
  CHECK(evaluate::written_answer(tiny.pattern, "", 4) == -1);
}

TEST_CASE("the highest letter wins, ties go to the lowest") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  CHECK(evaluate::best_letter(std::vector<float>{1, 3, 2}) == 1);
  CHECK(evaluate::best_letter(std::vector<float>{3, 1, 3}) == 0);
  CHECK(evaluate::best_letter(std::vector<float>{-5}) == 0);
  CHECK(evaluate::best_letter(std::vector<float>{-inf, -inf}) == 0);
  CHECK(evaluate::best_letter(std::vector<float>{nan, -1, nan, -2}) == 1);
  CHECK(evaluate::best_letter(std::vector<float>{nan, nan}) == -1);
  CHECK(evaluate::best_letter(std::vector<float>{}) == -1);
}

TEST_CASE("letters are scored by their tokens") {
  const std::vector<float> logits = {9, 0, 1, 5, 5, 2, 8};
  CHECK(evaluate::best_letter(std::vector<int>{2, 3, 4, 5}, logits) == 1);
  CHECK(evaluate::best_letter(std::vector<int>{6, 0}, logits) == 1);
  CHECK_THROWS_AS(static_cast<void>(evaluate::best_letter(std::vector<int>{2, 7}, logits)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(evaluate::best_letter(std::vector<int>{-1, 2}, logits)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(evaluate::best_letter(std::vector<int>{2, 2}, logits)), litestage::AssertionError);
  CHECK(evaluate::letter_texts(tiny, 3) == std::vector<std::string>{" A", " B", " C"});
  CHECK(evaluate::letter_texts(chat, 2) == std::vector<std::string>{"A", "B"});
}

TEST_CASE("a report is answered by its last stage's first branch") {
  QuestionReport report;
  CHECK(evaluate::extracted_answer(chat.pattern, report, 4) == -1);
  CHECK(evaluate::scored_answer(report) == -1);
  StageReport analyze, summarize;
  analyze.branches = {BranchReport{"option A"}, BranchReport{"option B"}};
  report.stages = {analyze, summarize};
  CHECK(evaluate::extracted_answer(chat.pattern, report, 4) == -1);
  report.stages.back().branches = {BranchReport{"option C"}, BranchReport{"option D"}};
  CHECK(evaluate::extracted_answer(chat.pattern, report, 4) == 2);
  report.letter_logits = {0, 0.5f, 0.25f};
  CHECK(evaluate::scored_answer(report) == 1);
}
