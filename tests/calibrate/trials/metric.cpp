#include "litestage/calibrate/trials/metric.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/answers.hpp"
#include "common/error_of.hpp"

using namespace litestage;
using calibrate::Judge;
using calibrate::Metric;
using calibrate::Path;
using calibrate::StageResult;

namespace {

const std::vector<Question> asked_questions = {{"q0", "?", {"ice", "rock"}, test::gold(1)},
                                               {"q1", "?", {"rock", "ice"}, test::gold(1)}};

StageResult wrote(const std::string& text) {
  StageResult result;
  result.report.branches.emplace_back();
  result.report.branches.back().text = text;
  result.letter_logits = {0, 1};
  return result;
}

}  // namespace

TEST_CASE("metric: extracted reads the last stage's text by the schedule's rule, as an option of the question") {
  StageResult first = wrote("The answer is the ice."), last = wrote("The answer is the rock.");
  const Path path = {{&first}, {&last}};
  const Judge judge(Metric::extracted, AnswerFormat{}, asked_questions);
  CHECK_FALSE(judge.needs_letters());
  CHECK(judge.predicted(0, path) == Answer{"B"});
  CHECK(judge.predicted(1, path) == Answer{"A"});
  CHECK(judge.correct(0, {"B"}));
  CHECK_FALSE(judge.correct(1, {"A"}));
  CHECK_FALSE(judge.correct(0, {}));
  const Judge tiny(Metric::extracted, AnswerFormat{AnswerRule::tiny_thinker, "", "", ""}, asked_questions);
  CHECK(tiny.predicted(0, path).empty());
}

TEST_CASE("metric: letter and agreement go by the letters, and agreement needs no gold answers") {
  StageResult last = wrote("The answer is A.");
  const Path path = {{&last}};
  const Judge letter(Metric::letter, AnswerFormat{}, asked_questions);
  CHECK(letter.needs_letters());
  CHECK(letter.predicted(0, path) == Answer{"B"});
  std::vector<Question> open = asked_questions;
  for (Question& q : open) q.gold.clear();
  const Judge agreement(Metric::agreement, AnswerFormat{}, open);
  CHECK_FALSE(agreement.correct(0, {"B"}));
  const Judge agreeing = agreement.agreeing_with(test::letters({1, 0}));
  CHECK(agreeing.correct(0, {"B"}));
  CHECK_FALSE(agreeing.correct(1, {"B"}));
  CHECK(letter.agreeing_with(test::letters({2, 2})).correct(0, {"B"}));  // has right answers already
  CHECK(test::says(test::error_of([&] { Judge(Metric::extracted, AnswerFormat{}, open); }), "question q0"));
}
