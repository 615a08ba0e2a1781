#include "litestage/stages/custom.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using stages::Custom;
using test::error_of;

static_assert(StageSchedule<Custom> && StatesAnswer<Custom>);

namespace {

Custom schedule_of(const std::string& json) {
  return read_value<Custom>(io::parse_json(json, "own.json"), "own.json");
}

std::string text_of(const Custom& schedule, std::size_t stage, const Transcript& t, std::size_t branch = 0) {
  return schedule.prompts(stage, t).at(branch).messages.at(0).text;
}

const Question open_question{"q", "How many?", {}};
const Question choice_question{"q", "Which?", {"a {b}", "c"}};

}  // namespace

TEST_CASE("custom: a conversation that continues, with its forced words and outputs as the assistant's messages") {
  const Custom schedule = schedule_of(R"({"stages": [
    {"name": "plan", "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q1"},
     {"role": "assistant", "content": "A1"}, {"role": "user", "content": "{question}"}], "continuation": "Plan:"},
    {"name": "solve", "continues": "plan", "messages": [{"role": "user", "content": "Do {{it}}: {plan}"}]},
    {"name": "state", "continues": "solve", "messages": [{"role": "user", "content": "State {plan}{solve}."}],
     "continuation": "It {plan}"}]})");
  Transcript t{open_question, {}};
  const std::vector<Message> asked = {
      {Role::system, "S"}, {Role::user, "Q1"}, {Role::assistant, "A1"}, {Role::user, "How many?"}};
  CHECK(schedule.prompts(0, t) == std::vector<Prompt>{{asked, "Plan:"}});
  t.outputs.push_back({" add {x}\n"});
  std::vector<Message> solve = asked;
  solve.push_back({Role::assistant, "Plan: add {x}"});
  solve.push_back({Role::user, "Do {it}: add {x}"});
  CHECK(schedule.prompts(1, t) == std::vector<Prompt>{{solve, ""}});
  t.outputs.push_back({"\t3 "});
  std::vector<Message> state = solve;
  state.push_back({Role::assistant, "3"});
  state.push_back({Role::user, "State add {x}3."});
  CHECK(schedule.prompts(2, t) == std::vector<Prompt>{{state, "It add {x}"}});
}

TEST_CASE("custom: raw text that continues goes on where the output ends") {
  const Custom schedule = schedule_of(R"({"stages": [
    {"name": "a", "text": "{question}\nA:", "continuation": " So"},
    {"name": "b", "continues": "a", "text": "\nB {a}:"}, {"name": "c", "continues": "b"}, {"name": "d", "text": "new"}]})");
  Transcript t{open_question, {{" x \n"}, {" y"}, {"z"}}};
  CHECK(schedule.prompts(0, t) == std::vector<Prompt>{{{{Role::text, "How many?\nA:"}}, " So"}});
  CHECK(schedule.prompts(1, t) == std::vector<Prompt>{{{{Role::text, "How many?\nA: So x \n\nB x:"}}, ""}});
  CHECK(text_of(schedule, 2, t) == "How many?\nA: So x \n\nB x: y");
  CHECK(text_of(schedule, 3, t) == "new");
}

TEST_CASE("custom: a branch per option, followed branch by branch, and joined") {
  const Custom schedule = schedule_of(R"({"stages": [
    {"name": "fact", "text": "F {options_inline}"},
    {"name": "weigh", "text": "{letter}={option} {fact}", "branches": "options"},
    {"name": "doubt", "continues": "weigh", "text": "|{weigh}|{letter}{number}", "branches": "each"},
    {"name": "again", "text": "{weigh}+{doubt.sentence}", "branches": "options"},
    {"name": "state", "text": "{both}{lines}|{options}"}],
    "joins": [{"name": "both", "of": "doubt", "line": "<{number}{letter} {weigh} {doubt} {option} {fact}>", "between": ""},
              {"name": "lines", "of": "weigh", "line": "{weigh.sentence}"}]})");
  Transcript t{choice_question, {{"f"}, {"w0 ", " {w1}"}, {"d0", "d1!"}, {"", ""}}};
  CHECK(schedule.prompts(0, t).size() == 1);
  CHECK(schedule.prompts(1, t).size() == 2);
  CHECK(text_of(schedule, 1, t, 0) == "A=a {b} f");
  CHECK(text_of(schedule, 1, t, 1) == "B=c f");
  CHECK(text_of(schedule, 2, t, 0) == "A=a {b} fw0 |w0|A1");
  CHECK(text_of(schedule, 2, t, 1) == "B=c f {w1}|{w1}|B2");
  CHECK(text_of(schedule, 3, t, 1) == "{w1}+d1!.");
  CHECK(text_of(schedule, 4, t) == "<1A w0 d0 a {b} f><2B {w1} d1! c f>w0.\n{w1}.|(A) a {b}\n(B) c");
  CHECK(schedule.branches(choice_question) == 2);
}

TEST_CASE("custom: samples are branches with a sampler, and each of them may be followed") {
  const Custom schedule = schedule_of(R"({"stages": [
    {"name": "solve", "messages": [{"content": "{question}"}],
     "branches": {"name": "samples", "n": 3, "temperature": 0.5, "top_k": 7, "top_p": 0.9, "seed": 4}},
    {"name": "state", "continues": "solve", "branches": "each", "messages": [{"content": "{number} {solve}"}]},
    {"name": "pick", "messages": [{"content": "{answers}"}]}],
    "joins": [{"name": "answers", "of": "state", "line": "{number}. {state}"}]})");
  CHECK(schedule.stage(0).sampler == SamplerOptions{.temperature = 0.5, .top_k = 7, .top_p = 0.9, .seed = 4});
  CHECK_FALSE(schedule.stage(1).sampler.has_value());
  CHECK(schedule.branches(open_question) == 3);
  const Transcript t{open_question, {{"x", "y", "z"}, {"1", "2", "3"}}};
  const std::vector<Prompt> samples = schedule.prompts(0, t);
  REQUIRE(samples.size() == 3);
  CHECK(samples[0] == samples[2]);
  const std::vector<Prompt> states = schedule.prompts(1, t);
  REQUIRE(states.size() == 3);
  CHECK(states[1].messages ==
        std::vector<Message>{{Role::user, "How many?"}, {Role::assistant, "y"}, {Role::user, "2 y"}});
  CHECK(schedule.prompts(2, t).at(0).messages.at(0).text == "1. 1\n2. 2\n3. 3");
}

TEST_CASE("custom: one sample is one branch, whose output any later stage may use") {
  const Custom schedule = schedule_of(R"({"stages": [
    {"name": "solve", "text": "{question}", "branches": {"name": "samples", "n": 1}},
    {"name": "state", "text": "{solve}"}, {"name": "more", "continues": "solve", "branches": "each"}]})");
  CHECK(schedule.stage(0).sampler.has_value());
  CHECK(text_of(schedule, 1, {open_question, {{"x"}}}) == "x");
  CHECK(text_of(schedule, 2, {open_question, {{" x"}, {"y"}}}) == "How many? x");
  CHECK(schedule.branches(open_question) == 1);
}

TEST_CASE("custom: a variant is chosen by whether the question has options") {
  const Custom schedule = schedule_of(R"({"stages": [{"name": "only", "text": "{ask}"}],
    "variants": [{"name": "ask", "with_options": "{question} {options_inline}", "without_options": "{question} N"}]})");
  CHECK(text_of(schedule, 0, {open_question, {}}) == "How many? N");
  CHECK(text_of(schedule, 0, {choice_question, {}}) == "Which? (A) a {b} (B) c");
}

TEST_CASE("custom: fields of the question, and questions that lack what a text needs") {
  const Custom schedule = schedule_of(R"({"stages": [{"name": "only", "text": "{field.passage} {question}"}]})");
  Question question = open_question;
  question.fields = {{"passage", "Once {upon}."}, {"title", "T"}};
  CHECK(text_of(schedule, 0, {question, {}}) == "Once {upon}. How many?");
  question.fields.erase("passage");
  CHECK(error_of([&] {
          static_cast<void>(schedule.prompts(0, {question, {}}));
        }) ==
        "question q: field \"passage\" is missing, which stages custom, stages[0].text uses; the question has title");
  CHECK(
      error_of([&] { AnySchedule(schedule).check_question(open_question); }) ==
      "question q: field \"passage\" is missing, which stages custom, stages[0].text uses; the question has no fields");
  const Custom options =
      schedule_of(R"({"stages": [{"name": "a", "text": "{question}"}, {"name": "b", "text": "{list}"},
    {"name": "c", "text": "x", "branches": "options"}], "joins": [{"name": "list", "of": "a", "line": "{options}"}]})");
  for (const char* text : {"{options}", "{options_inline}", "{list}"}) {
    Custom one = options;
    one.stages.resize(2);
    one.stages[1].text = text;
    CAPTURE(text);
    CHECK(error_of([&] { one.check_question(open_question); }) == "question q: found 0 options, expected 1 to 26");
    CHECK(error_of([&] { one.check_question(choice_question); }) == "no error");
  }
  Custom branched = options;
  branched.joins.clear();
  branched.stages.erase(branched.stages.begin() + 1);
  CHECK(error_of([&] { branched.check_question(open_question); }) == "question q: found 0 options, expected 1 to 26");
}

TEST_CASE("custom: the answer's format is data") {
  const Custom schedule = schedule_of(R"({"stages": [{"name": "only", "text": "{question} It is"}],
    "answer": {"rule": "tiny_thinker", "probe": " p", "letter_prefix": "l", "opening": " It is"}})");
  CHECK(schedule.answer_format() == AnswerFormat{AnswerRule::tiny_thinker, " p", "l", " It is"});
  CHECK(schedule_of(R"({"stages": [{"name": "only", "text": "t"}]})").answer_format() == AnswerFormat{});
}

TEST_CASE("custom: the branches of a schedule in C++ are one per option unless it says otherwise") {
  CHECK(AnySchedule(stages::Single{}).branches(choice_question) == 2);
  CHECK(AnySchedule(stages::Single{}).branches(open_question) == 1);
  CHECK(AnySchedule(stages::Standard(stages::Single{})).branches(choice_question) == 2);
  CHECK(AnySchedule(stages::Standard(stages::TinyThinker{})).branches(choice_question) == 2);
  CHECK(AnySchedule(stages::Direct{}).branches(choice_question) == 1);
  CHECK(AnySchedule(stages::Standard(stages::Cot{})).branches(choice_question) == 1);
}

TEST_CASE("custom: a schedule of one stage has a SPEC") {
  const auto spec = read_spec<stages::Standard>(
      "custom:stages=only,stages.text=\"{question} So\",stages.branches=samples,stages.branches.n=2,answer.opening=\" "
      "So\"",
      "--stages");
  CHECK(to_spec(spec) ==
        "custom:stages=only,stages.branches=samples,stages.branches.n=2,stages.text=\"{question} So\","
        "answer.opening=\" So\"");
  CHECK(read_spec<stages::Standard>(to_spec(spec), "--stages") == spec);
  CHECK(error_of([] { static_cast<void>(to_spec(stages::PlanSolve{}.schedule())); }) ==
        "settings with an object in a list have no SPEC, expected a JSON file");
}
