// Numbers worked out by hand from made-up outcomes and times.
#include "litestage/compare/comparison.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

#include "common/answers.hpp"
#include "common/error_of.hpp"
#include "litestage/compare/comparison_form.hpp"
#include "litestage/compare/comparison_table.hpp"

using namespace litestage;
using namespace litestage::compare;
using namespace litestage::evaluate;
using test::gold;

namespace {

constexpr int eos = 0, exit_stop = 2, cap = 3;

StageOutcome stage(std::string name, int prompt, std::vector<int> branch_tokens, double skipped, int reason) {
  StageOutcome s{{std::move(name), prompt, 0, 0, static_cast<int>(skipped), skipped}, std::move(branch_tokens), {}, {}};
  for (const int n : s.branch_tokens) s.generated_tokens += n;
  s.stops.at(static_cast<std::size_t>(reason)) = static_cast<int>(s.branch_tokens.size());
  return s;
}
// Two stages: one branch, then two, which share 20 of their 25 prompt tokens.
MethodOutcome outcome(int predicted, int first, int second, double skipped, int reason) {
  MethodOutcome o{letter_answer(predicted),
                  {stage("recall", 10, {first}, skipped, reason),
                   stage("analyze", 50, {second - second / 2, second / 2}, 2 * skipped, cap)}};
  o.stages[1].shared_tokens = 20;
  return o;
}
MethodTiming timing(double seconds, int first, int second) {
  return {seconds, {{{0.1, 0.2}, first}, {{0.3, 0.4}, second}}};
}

// Four questions with the right answers 0, 1, 0 and unknown.
Comparison example() {
  Comparison c;
  c.questions = {{"a", gold(0)}, {"b", gold(1)}, {"c", gold(0)}, {"d", {}}};
  Method full{"full depth", "", Form("never"), "", "", {}, {}};
  full.outcomes = {outcome(0, 10, 30, 0, eos), outcome(1, 10, 30, 0, eos), outcome(1, 20, 20, 0, eos),
                   outcome(2, 20, 20, 0, cap)};
  full.timings = {timing(4, 10, 30), timing(2, 10, 30)};
  Method fast{"fast", "6 sub-layers", Form("skips"), "", "", {}, {}};
  fast.outcomes = {outcome(0, 20, 40, 3, exit_stop), outcome(no_answer, 20, 40, 3, eos), outcome(1, 20, 40, 3, eos),
                   outcome(2, 20, 40, 3, eos)};
  fast.timings = {timing(2, 20, 40), timing(1, 20, 40)};
  Method constant{"majority", "always A", {}, "", "", std::vector<MethodOutcome>(4, MethodOutcome{{"A"}, {}}), {}};
  Method lost{"lost", "", {}, "it has no plan", "", {}, {}};
  c.methods = {full, fast, constant, lost};
  return c;
}

}  // namespace

TEST_CASE("a row: accuracy and difference over questions of known gold, agreement over all") {
  const Comparison c = example();
  const ComparisonRow row = compare_to(c.methods[0], c.methods[1], c.questions);
  CHECK(row.accuracy == proportion(1, 3));
  CHECK(row.difference.value == doctest::Approx(-1.0 / 3));
  CHECK(row.difference.counts == PairedCounts{3, 0, 1});
  CHECK(row.difference.p_value == 1);        // one question alone
  CHECK(row.agreement == proportion(3, 4));  // no answer agrees with nothing
  CHECK(row.silent == 1);

  const ComparisonRow itself = compare_to(c.methods[0], c.methods[0], c.questions);
  CHECK(itself.difference.value == 0);
  CHECK(itself.agreement.value == 1);
  CHECK(itself.speed.speed_up == Ratio{1, 1, 1});
  CHECK(itself.speed.faster_token == 1);
}

TEST_CASE("a row: means over questions, per stage, and per token over the stages") {
  const Comparison c = example();
  const ComparisonRow row = compare_to(c.methods[0], c.methods[0], c.questions);
  REQUIRE(row.stages.size() == 2);
  CHECK(row.stages[0].name == "recall");
  CHECK(row.stages[0].generated_tokens == 15);
  CHECK(row.stages[0].branch_tokens == 15);
  CHECK(row.stages[1].generated_tokens == 25);
  CHECK(row.stages[1].branch_tokens == 12.5);
  CHECK(row.stages[1].branches == 2);
  CHECK(row.tokens == 40);
  CHECK(row.stops == StopCounts{3, 0, 0, 9, 0});
  const ComparisonRow fast = compare_to(c.methods[0], c.methods[1], c.questions);
  CHECK(fast.stops == StopCounts{3, 0, 1, 8, 0});
  // 10 prompt tokens and 19 decode steps; 20 shared, 2 x 5 of their own, 38 steps.
  CHECK(fast.stages[0].forwarded_tokens == doctest::Approx(29));
  CHECK(fast.stages[1].forwarded_tokens == doctest::Approx(68));
  CHECK(fast.skipped == doctest::Approx((3 * 29 + 6 * 68) / 97.0));
}

TEST_CASE(
    "a row: every forwarded token counts once for what is skipped, also where questions are of different lengths") {
  Comparison c;
  c.questions = {{"a", gold(0)}, {"b", gold(0)}};
  c.methods = {Method{"only", "", {}, "", "", {}, {}}};
  c.methods[0].outcomes = {MethodOutcome{{"A"}, {stage("recall", 10, {1}, 6, cap)}},
                           MethodOutcome{{"A"}, {stage("recall", 10, {21}, 2, cap)}}};  // 10 tokens, and 30
  const ComparisonRow row = compare_to(c.methods[0], c.methods[0], c.questions);
  CHECK(row.stages[0].sublayers_skipped_mean == 4);
  CHECK(row.skipped == doctest::Approx((6 * 10 + 2 * 30) / 40.0));
}

TEST_CASE("a speed-up is the product of fewer tokens and faster tokens") {
  const Comparison c = example();
  const Speed speed = compare_to(c.methods[0], c.methods[1], c.questions).speed;
  CHECK(speed.questions == 2);
  CHECK(speed.seconds == 1.5);
  CHECK(speed.tokens == 60);
  CHECK(speed.ms_per_token == 25);
  REQUIRE(speed.speed_up);
  CHECK(*speed.speed_up == Ratio{2, 2, 2});  // twice as fast on every question, so on every resample
  REQUIRE(speed.fewer_tokens);
  CHECK(speed.fewer_tokens->value == doctest::Approx(80.0 / 120));  // it writes more
  CHECK(speed.faster_token == doctest::Approx(3));
  CHECK(speed.faster_token * speed.fewer_tokens->value == doctest::Approx(speed.speed_up->value));
}

TEST_CASE("what has no times or no tokens has no speed") {
  Comparison c = example();
  CHECK(compare_to(c.methods[0], c.methods[2], c.questions).speed.questions == 0);
  c.methods[1].timings = {timing(2, 0, 0), timing(1, 0, 0)};
  const Speed silent = compare_to(c.methods[0], c.methods[1], c.questions).speed;
  CHECK(silent.ms_per_token == 0);
  CHECK(silent.speed_up->value == 2);
  CHECK_FALSE(silent.fewer_tokens);
  CHECK(silent.faster_token == 0);
}

TEST_CASE("timed answers of other lengths than the batched ones are counted") {
  Comparison c = example();
  CHECK(compare_to(c.methods[0], c.methods[1], c.questions).unlike == 0);
  c.methods[1].timings[1].stages[0].generated_tokens = 19;
  CHECK(compare_to(c.methods[0], c.methods[1], c.questions).unlike == 1);
}

TEST_CASE("outcomes and timings come back from their records") {
  MethodOutcome o = outcome(2, 3, 4, 1.5, exit_stop);
  o.stages[0].traces = {{{0.5f, 0.1f}, StopReason::exit}};
  CHECK(read_fields<MethodOutcome>(write_fields(o), "here") == o);
  CHECK(read_fields<MethodOutcome>(write_fields(MethodOutcome{}), "here") == MethodOutcome{});
  Form::Map stage = write_fields(o).at("stages", "").list("")[1].map("");
  std::erase_if(stage, [](const Form::Member& m) { return m.first == "shared_tokens"; });
  const Form old = Form().add("predicted", "C").add("stages", Form::List{stage});
  CHECK(test::error_of([&] { static_cast<void>(read_fields<MethodOutcome>(old, "here")); }) ==
        "here, stages[0]: key \"shared_tokens\" is missing, expected name, prompt_tokens, shared_tokens, "
        "generated_tokens, branch_tokens, sublayers_skipped, sublayers_skipped_mean, look_ahead_tokens, "
        "look_ahead_text_tokens, injected_tokens, stops, traces");
  CHECK(read_fields<MethodTiming>(write_fields(timing(2.5, 3, 4)), "here") == timing(2.5, 3, 4));
}

TEST_CASE("the file holds every method, also one that was not run, and no reference to a text") {
  const Form form = to_form(example(), Form().add("task", "choice"));
  CHECK(form.at("format", "").string("") == comparison_format);
  CHECK(form.at("task", "").string("") == "choice");
  const Form::List& methods = form.at("methods", "").list("");
  REQUIRE(methods.size() == 4);
  CHECK(methods[3].at("missing", "").string("") == "it has no plan");
  CHECK(methods[3].find("summary") == nullptr);
  CHECK(methods[0].at("missing", "").is_null());
  const Form::List& answers = methods[1].at("answers", "").list("");
  REQUIRE(answers.size() == 4);
  CHECK(answers[1].at("predicted", "").is_null());
  CHECK(answers[1].at("timed", "").at("seconds", "").number("") == 1);
  CHECK(answers[2].find("timed") == nullptr);
}

TEST_CASE("three tables: answers, time, work; what was not run and what to doubt is said below") {
  Comparison c = example();
  c.warnings = {"beware"};
  std::ostringstream out;
  print_comparison(out, c);
  const std::string text = out.str();
  for (const char* line : {"full depth        66.7   20.8 to 93.9           -", "fast              33.3    6.1 to 79.2",
                           "fast             1.500      2.00   2.00 to 2.00            0.67            3.00",
                           "fast          60.0  20.0 / 40.0    3 / 6   5.1  eos 25, exit 8, cap 67  6 sub-layers",
                           "not run: lost: it has no plan\nwarning: beware\n"}) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("majority", text.find("Time\n")) == std::string::npos);  // it takes no time
  std::ostringstream markdown;
  print_comparison(markdown, c, TableStyle::markdown);
  CHECK(markdown.str().find("## Answers\n\n| method ") == 0);
  CHECK(markdown.str().find("\n- not run: lost: it has no plan\n- warning: beware\n") != std::string::npos);
}

TEST_CASE("intervals of times are called too narrow where few questions were timed") {
  const auto warns = [](std::size_t timed) {
    Comparison c = example();
    c.methods.resize(1);
    c.methods[0].timings.assign(timed, timing(4, 10, 30));
    std::ostringstream out;
    print_comparison(out, c);
    return out.str().find("With fewer than 20 questions the intervals are too narrow.") != std::string::npos;
  };
  CHECK(enough_questions == 20);
  CHECK(warns(enough_questions - 1));
  CHECK_FALSE(warns(enough_questions));
}

TEST_CASE("a comparison without times has two tables") {
  Comparison c = example();
  for (Method& m : c.methods) m.timings.clear();
  std::ostringstream out;
  print_comparison(out, c);
  CHECK(out.str().find("Time\n") == std::string::npos);
  CHECK(out.str().find("Work\n") != std::string::npos);
}
