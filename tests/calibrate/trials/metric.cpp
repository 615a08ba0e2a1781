#include "litestage/calibrate/trials/metric.hpp"

#include <doctest/doctest.h>

#include <span>
#include <string>
#include <vector>

#include "common/answers.hpp"
#include "common/error_of.hpp"

using namespace litestage;
using calibrate::Judge;
using calibrate::least_gold_score;
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

TEST_CASE("metric: answers that are no letters are read from the text, for agreement too, and letter refuses them") {
  StageResult right = wrote("6 * 3 = 18"), wrong = wrote("It is 20."), silent = wrote("I do not know.");
  const std::vector<Question> sums = {{"q0", "?", {}, {{"18"}, {"36/5"}}, AnswerKind::number},
                                      {"q1", "?", {}, {}, AnswerKind::number}};
  const Judge judge(Metric::extracted, AnswerFormat{}, std::span(sums).first(1));
  const Path said_18 = {{&right}}, said_20 = {{&wrong}}, said_nothing = {{&silent}};
  CHECK(judge.predicted(0, said_18) == Answer{"18"});
  CHECK(judge.correct(0, judge.predicted(0, said_18)));
  CHECK(judge.correct(0, {"36/5"}));
  CHECK_FALSE(judge.correct(0, judge.predicted(0, said_20)));
  CHECK_FALSE(judge.correct(0, judge.predicted(0, said_nothing)));
  const Judge agreement(Metric::agreement, AnswerFormat{}, sums);
  CHECK_FALSE(agreement.needs_letters());
  const Judge agreeing = agreement.agreeing_with({agreement.predicted(0, said_20), {}});
  CHECK(agreeing.correct(0, {"20"}));
  CHECK_FALSE(agreeing.correct(0, {"18"}));
  CHECK_FALSE(agreeing.correct(1, {}));
  CHECK(test::error_of([&] { Judge(Metric::letter, AnswerFormat{}, sums); }) ==
        "question q0 has an answer of the kind number, expected the letter of an option (the metric letter needs one; "
        "extracted does not)");
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

TEST_CASE("metric: gold_log_prob is the largest score of the right answers, and predicts what the text states") {
  StageResult right = wrote("6 * 3 = 18"), wrong = wrote("It is 20."), scores, no_room;
  scores.gold_scores = {-2.5f, -0.25f};
  const std::vector<Question> sums = {{"q0", "?", {}, {{"18"}, {"36/5"}}, AnswerKind::number}};
  const Judge judge(Metric::gold_log_prob, AnswerFormat{}, sums);
  CHECK(judge.scored() == Scored::golds);
  CHECK_FALSE(judge.needs_letters());
  CHECK(judge.by_score());
  const Path said_18 = {{&wrong}, {&right}, {&scores}}, cut = {{&right}, {&wrong}, {&no_room}};
  CHECK(judge.predicted(0, said_18) == Answer{"18"});
  CHECK(judge.correct(0, judge.predicted(0, said_18)));
  CHECK(judge.score(said_18) == -0.25);
  CHECK(judge.score(cut) == least_gold_score);
  scores.gold_scores = {-25};
  CHECK(judge.score(said_18) == least_gold_score);  // no answer is worse than none
  const Judge extracted(Metric::extracted, AnswerFormat{}, sums);
  CHECK(extracted.scored() == Scored::nothing);
  CHECK(extracted.score(said_18) == 0);
  CHECK(Judge(Metric::gold_log_prob, AnswerFormat{}, asked_questions).scored() == Scored::golds);  // letters, too
  CHECK(Judge(Metric::letter, AnswerFormat{}, asked_questions).scored() == Scored::letters);
  std::vector<Question> open = sums;
  open[0].gold.clear();
  CHECK(test::says(test::error_of([&] { Judge(Metric::gold_log_prob, AnswerFormat{}, open); }), "question q0"));
}
