#include "litestage/evaluate/answers.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

namespace {

using litestage::AnswerFormat;
using litestage::BranchReport;
using litestage::Error;
using litestage::QuestionReport;
using litestage::StageReport;
namespace evaluate = litestage::evaluate;

const AnswerFormat tiny{R"(the answer is option ([A-Z])\.)", "So the answer is option", " "};
const AnswerFormat chat{R"(option \(?([A-E])\)?)", "The answer is option (", ""};

}  // namespace

TEST_CASE("the letter is read from the first match") {
  const evaluate::AnswerReader read(tiny);
  CHECK(read("So the answer is option C.", 4) == 2);
  CHECK(read("the answer is option A. Or the answer is option B.", 4) == 0);
  CHECK(read("So the answer is option C", 4) == -1);
  CHECK(read("So the answer is option c.", 4) == -1);
  CHECK(read("", 4) == -1);
  const evaluate::AnswerReader other(chat);
  CHECK(other("I choose option (B) since", 4) == 1);
  CHECK(other("The answer is option D", 4) == 3);
}

TEST_CASE("a letter beyond the options is no answer, and the first match decides") {
  const evaluate::AnswerReader read(tiny);
  CHECK(read("the answer is option E.", 5) == 4);
  CHECK(read("the answer is option E.", 4) == -1);
  CHECK(read("the answer is option Z. the answer is option A.", 4) == -1);
}

TEST_CASE("a group that is not one letter is no answer") {
  CHECK(evaluate::AnswerReader({"answer: (.*)", "", ""})("answer: AB", 4) == -1);
  CHECK(evaluate::AnswerReader({"answer:(x)?", "", ""})("answer:", 4) == -1);
  CHECK(evaluate::AnswerReader({"answer: (.)", "", ""})("answer: \xff", 4) == -1);
  CHECK(evaluate::AnswerReader({"answer: (.)", "", ""})("answer: @", 4) == -1);
}

TEST_CASE("a bad pattern is an error that shows it") {
  CHECK_THROWS_AS(evaluate::AnswerReader({"([A-", "", ""}), Error);
  CHECK_THROWS_WITH_AS(evaluate::AnswerReader({"option [A-E]", "", ""}),
                       "answer pattern \"option [A-E]\" has no group, accepted is one group for the letter", Error);
}

TEST_CASE("texts of any length are read without harm") {
  const std::string noise(1'000'000, 'a');
  CHECK(evaluate::AnswerReader({"(.|b)*", "", ""})(noise, 4) == -1);
  const evaluate::AnswerReader read(chat);
  CHECK(read("option A" + noise, 4) == 0);
  CHECK(read(noise + "option A", 4) == -1);  // beyond max_text
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
  const evaluate::AnswerReader read(chat);
  QuestionReport report;
  CHECK(evaluate::extracted_answer(read, report, 4) == -1);
  CHECK(evaluate::scored_answer(report) == -1);
  StageReport analyze, summarize;
  analyze.branches = {BranchReport{"option A"}, BranchReport{"option B"}};
  report.stages = {analyze, summarize};
  CHECK(evaluate::extracted_answer(read, report, 4) == -1);
  report.stages.back().branches = {BranchReport{"option C"}, BranchReport{"option D"}};
  CHECK(evaluate::extracted_answer(read, report, 4) == 2);
  report.letter_logits = {0, 0.5f, 0.25f};
  CHECK(evaluate::scored_answer(report) == 1);
}
