#include "litestage/evaluate/results.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "evaluate/sample_results.hpp"

namespace evaluate = litestage::evaluate;

TEST_CASE("the summary follows from the answers") {
  const evaluate::Summary s = evaluate::summarize(sample_results().answers, 0);
  CHECK(s.questions == 3);
  CHECK(s.answered == 2);
  CHECK(s.accuracy.hits == 1);
  CHECK(s.accuracy.trials == 2);
  CHECK(s.seconds == 8);
  CHECK(s.prompt_tokens == 165);
  CHECK(s.tokens == 40);
  CHECK(s.tokens_per_s == 5);
  CHECK(s.questions_per_minute == 22.5);
  CHECK(s.seconds_per_question == doctest::Approx(8.0 / 3));
  CHECK(s.tokens_per_question == doctest::Approx(40.0 / 3));
}

TEST_CASE("where questions ran side by side, rates are the clock's") {
  const evaluate::Summary s = evaluate::summarize(sample_results().answers, 4);
  CHECK(s.seconds == 4);
  CHECK(s.tokens_per_s == 10);
  CHECK(s.questions_per_minute == 45);
  CHECK(s.seconds_per_question == doctest::Approx(4.0 / 3));
}

TEST_CASE("stages are averaged over the questions that had them") {
  const evaluate::Summary s = evaluate::summarize(sample_results().answers, 0);
  REQUIRE(s.stages.size() == 2);
  CHECK(s.stages[0].name == "recall");
  CHECK(s.stages[0].questions == 2);
  CHECK(s.stages[0].prompt_tokens == 22.5);
  CHECK(s.stages[0].generated_tokens == 8);
  CHECK(s.stages[0].sublayers_skipped == 12);
  CHECK(s.stages[0].sublayers_skipped_mean == 8.75);
  CHECK(s.stages[0].prefill_s == 0.5);
  CHECK(s.stages[0].decode_s == 1);
  CHECK(s.stages[1].name == "analyze");
  CHECK(s.stages[1].questions == 1);
  CHECK(s.stages[1].prompt_tokens == 120);
}

TEST_CASE("an empty run has a summary without infinities") {
  const evaluate::Summary s = evaluate::summarize({}, 0);
  CHECK(s.questions == 0);
  CHECK(s.tokens_per_s == 0);
  CHECK(s.questions_per_minute == 0);
  CHECK(s.seconds_per_question == 0);
  CHECK(s.stages.empty());
}

TEST_CASE("an answer takes the question's gold and the report's facts") {
  litestage::QuestionReport report;
  report.id = "q";
  report.seconds = 2.5;
  report.stages.resize(3);
  const evaluate::RecordedAnswer a = evaluate::recorded_answer({"q", "s", {"x", "y"}, {{"B"}}}, {"A"}, report);
  CHECK(a.id == "q");
  CHECK(a.gold == litestage::Gold{{"B"}});
  CHECK(a.predicted == litestage::Answer{"A"});
  CHECK(a.seconds == 2.5);
  CHECK(a.stages == report.stages);
  CHECK_THROWS_AS(static_cast<void>(evaluate::recorded_answer({"other", "s", {"x", "y"}, {{"B"}}}, {"A"}, report)),
                  litestage::AssertionError);
}
