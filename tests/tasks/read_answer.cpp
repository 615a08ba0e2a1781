#include "litestage/tasks/read_answer.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/error_of.hpp"

namespace {

using litestage::Answer;
using litestage::AnswerFormat;
using litestage::AnswerRule;
using litestage::BranchReport;
using litestage::no_answer;
using litestage::QuestionReport;
using litestage::StageReport;
namespace tasks = litestage::tasks;

const AnswerFormat tiny{AnswerRule::tiny_thinker, "So the answer is option", " "};
const AnswerFormat chat{AnswerRule::stated, "The answer is option (", ""};
const std::vector<std::string> four = {"Beach", "Desert", "Carbon", "Alps"};

// 0 where no letter is found.
char tiny_letter(const std::string& text) {
  const int option = tasks::written_option(tiny, text, std::vector<std::string>(26));
  return option == no_answer ? '\0' : static_cast<char>('A' + option);
}

}  // namespace

TEST_CASE("an option's index is read from the text; a letter beyond the options is no answer") {
  const std::vector<std::string> five(5, "thing");
  CHECK(tasks::written_option(tiny, "So the answer is option C.", four) == 2);
  CHECK(tasks::written_option(tiny, "the answer is option E.", five) == 4);
  CHECK(tasks::written_option(tiny, "the answer is option E.", four) == -1);
  CHECK(tasks::written_option(tiny, "the answer is option Z. the answer is option A.", four) == -1);
  CHECK(tasks::written_option(tiny, "", four) == -1);
}

TEST_CASE("tinythinker's rule: the first match of its pattern, and nothing else") {
  CHECK(tiny_letter("So the answer is option C.") == 'C');
  CHECK(tiny_letter("the answer is option A. Or the answer is option B.") == 'A');
  CHECK(tiny_letter("the answer is option A or the answer is option B.") == 'B');
  CHECK(tiny_letter("the answer is option Z.") == 'Z');
  for (const char* const none :
       {"So the answer is option C", "So the answer is option c.", "the answer is option (C).", "The answer is C.",
        "the answer is option [.", "the answer is option @.", "the answer is option ", "", "A"})
    CHECK_MESSAGE(tiny_letter(none) == '\0', none);
  const std::string noise(1'000'000, 'a');
  CHECK(tiny_letter(noise + "the answer is option D." + noise) == 'D');
}

TEST_CASE("each format has its rule: what one reads, another does not") {
  struct Case {
    std::string text;
    int tiny, chat, direct;
  };
  const AnswerFormat direct{AnswerRule::stated, "", " ", "So the answer is option"};
  for (const Case& c : std::vector<Case>{{"the answer is option A. the answer is option B.", 0, 1, 0},
                                         {"The answer is the desert.", -1, 1, 1},
                                         {" A desert", -1, 1, 1},
                                         {"B", -1, 1, 1}}) {
    CAPTURE(c.text);
    CHECK(tasks::written_option(tiny, c.text, four) == c.tiny);
    CHECK(tasks::written_option(chat, c.text, four) == c.chat);
    CHECK(tasks::written_option(direct, c.text, four) == c.direct);
  }
}

TEST_CASE("the highest letter wins, ties go to the lowest") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), inf = std::numeric_limits<float>::infinity();
  CHECK(tasks::best_letter(std::vector<float>{1, 3, 2}) == 1);
  CHECK(tasks::best_letter(std::vector<float>{3, 1, 3}) == 0);
  CHECK(tasks::best_letter(std::vector<float>{-5}) == 0);
  CHECK(tasks::best_letter(std::vector<float>{-inf, -inf}) == 0);
  CHECK(tasks::best_letter(std::vector<float>{nan, -1, nan, -2}) == 1);
  CHECK(tasks::best_letter(std::vector<float>{nan, nan}) == -1);
  CHECK(tasks::best_letter(std::vector<float>{}) == -1);
}

TEST_CASE("a report is answered by its last stage's first branch") {
  const litestage::Question question{"q", "?", four, {{"A"}}};
  QuestionReport report;
  CHECK(tasks::extracted_answer(chat, report, question).empty());
  CHECK(tasks::scored_answer(report).empty());
  StageReport analyze, summarize;
  analyze.branches = {BranchReport{"option A"}, BranchReport{"option B"}};
  report.stages = {analyze, summarize};
  CHECK(tasks::extracted_answer(chat, report, question).empty());
  report.stages.back().branches = {BranchReport{"option C"}, BranchReport{"option D"}};
  CHECK(tasks::extracted_answer(chat, report, question) == Answer{"C"});
  report.letter_logits = {0, 0.5f, 0.25f};
  CHECK(tasks::scored_answer(report) == Answer{"B"});
}

namespace {

StageReport sampled(const std::vector<std::string>& texts, const std::vector<std::vector<float>>& traces = {}) {
  StageReport stage;
  stage.name = "state";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    BranchReport branch;
    branch.text = texts[i];
    if (!traces.empty()) branch.trace = traces[i];
    branch.generated_tokens = traces.empty() ? 3 : static_cast<int>(traces[i].size());
    stage.branches.push_back(branch);
  }
  return stage;
}

}  // namespace

TEST_CASE("the branches of the last stage vote; branches without an answer do not") {
  const litestage::Question question{
      .id = "q", .stem = "How many?", .options = {}, .gold = {}, .kind = litestage::AnswerKind::number};
  QuestionReport report;
  report.stages = {sampled({"18", "7.0", "", "7", "none"})};
  CHECK(tasks::extracted_answer({}, report, question) == Answer{"7"});
  report.stages = {sampled({"", "none"})};
  CHECK(tasks::extracted_answer({}, report, question).empty());
  report.stages = {sampled({"7"})};
  CHECK(tasks::extracted_answer({}, report, question) == Answer{"7"});
  report.stages = {sampled({"18", "7"})};
  CHECK(tasks::extracted_answer({}, report, question) == Answer{"18"});  // a tie goes to the first
}

TEST_CASE("a vote may be weighted by the confidences of all stages of a branch, which must be traced") {
  const litestage::Question question{
      .id = "q", .stem = "How many?", .options = {}, .gold = {}, .kind = litestage::AnswerKind::number};
  const AnswerFormat weighted{.vote = litestage::VoteWeight::mean};
  QuestionReport report;
  report.stages = {sampled({"plan"}, {{50}}),  // shared by all branches, so it weighs nothing
                   sampled({"a", "b", "c"}, {{1, 1, 1}, {1, 1}, {9, 9}}), sampled({"18", "18", "7"}, {{1}, {1}, {6}})};
  CHECK(tasks::extracted_answer(weighted, report, question) == Answer{"7"});  // 8 against 1 and 1
  CHECK(tasks::extracted_answer({}, report, question) == Answer{"18"});
  report.stages.back() = sampled({"18", "18", "7"});
  CHECK(litestage::test::error_of([&] { static_cast<void>(tasks::extracted_answer(weighted, report, question)); }) ==
        "stage state: the votes of its branches are weighted by confidence, but none was traced, expected "
        "StageRunOptions::trace");
}
