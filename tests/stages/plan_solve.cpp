#include "litestage/stages/plan_solve.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/standard.hpp"
#include "litestage/tasks/read_answer.hpp"

using namespace litestage;
using stages::Cot;
using stages::PlanSolve;

namespace {

const Question eggs{"q", "How many eggs?", {}};
const Question planet{"q", "Which planet?", {"Mars", "Venus"}};

}  // namespace

TEST_CASE("plan_solve: three stages, of which each continues the one before") {
  const PlanSolve schedule{.system = "S", .plan_tokens = 1, .solve_tokens = 2, .state_tokens = 3};
  CHECK(schedule.size() == 3);
  const std::vector<std::string> names = {"plan", "solve", "state"};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(schedule.stage(i).name == names[i]);
    CHECK(schedule.stage(i).max_new_tokens == static_cast<int>(i) + 1);
  }
  Transcript t{eggs, {}};
  std::vector<Message> talk = schedule.prompts(0, t).at(0).messages;
  REQUIRE(talk.size() == 2);
  CHECK(talk[0] == Message{Role::system, "S"});
  CHECK(talk[1].text.find("Question: How many eggs?\n\n") == 0);
  for (std::size_t i = 1; i < 3; ++i) {
    t.outputs.push_back({concat(" output ", i, "\n")});
    talk.push_back({Role::assistant, concat("output ", i)});
    const Prompt next = schedule.prompts(i, t).at(0);
    REQUIRE(next.messages.size() == talk.size() + 1);
    CHECK(std::vector<Message>(next.messages.begin(), next.messages.end() - 1) == talk);
    CHECK(next.continuation == (i == 2 ? "The answer is" : ""));
    talk.push_back(next.messages.back());
  }
  CHECK(talk.back().text == "State only the final answer.");
}

TEST_CASE("plan_solve and cot: options are asked for by letter, and stated after the forced words") {
  for (const AnySchedule& schedule : {AnySchedule(PlanSolve{}), AnySchedule(Cot{})}) {
    Transcript t{planet, {}};
    CHECK(schedule.prompts(0, t).at(0).messages.back().text.find("Question: Which planet?\n(A) Mars\n(B) Venus\n\n") ==
          0);
    for (std::size_t i = 1; i < schedule.size(); ++i) t.outputs.push_back({"x"});
    const Prompt last = schedule.prompts(schedule.size() - 1, t).at(0);
    CHECK(last.messages.back().text.find("letter of the best option") != std::string::npos);
    const AnswerFormat format = schedule.answer_format();
    CHECK(format.opening == last.continuation);
    CHECK(tasks::written_option(format, " option (B).", planet.options) == 1);
    CHECK(tasks::written_option(format, " (A)", planet.options) == 0);
    CHECK(tasks::written_option(format, " not known", planet.options) == no_answer);
    CHECK(last.continuation + format.probe + format.letter_prefix == "The answer is option (");
  }
}

TEST_CASE("cot: one stage of reasoning, with a statement or ending in the answer") {
  const Cot two{.system = "", .reason_tokens = 7, .state_tokens = 9};
  CHECK(two.size() == 2);
  CHECK(two.stage(0).name == "reason");
  CHECK(two.stage(0).max_new_tokens == 7);
  CHECK(two.stage(1).name == "state");
  CHECK(two.stage(1).max_new_tokens == 9);
  CHECK(two.prompts(0, {eggs, {}}) ==
        std::vector<Prompt>{{{{Role::user, "Question: How many eggs?\n\nThink step by step."}}, ""}});
  CHECK(two.prompts(1, {eggs, {{" 3+4=7 "}}}).at(0).messages.at(1) == Message{Role::assistant, "3+4=7"});

  const Cot one{.system = "", .state = false};
  CHECK(one.size() == 1);
  CHECK(one.schedule().size() == 1);
  CHECK(one.prompts(0, {eggs, {}}) ==
        std::vector<Prompt>{
            {{{Role::user,
               "Question: How many eggs?\n\nThink step by step. End with a sentence that begins with: The answer is"}},
             ""}});
  CHECK(one.answer_format().opening.empty());
  CHECK(tasks::written_option(one.answer_format(), "Mars is red. The answer is option (A).", planet.options) == 0);
}

TEST_CASE("cot: sampled reasonings have an answer each") {
  const Cot sampled{.samples = 3, .temperature = 0.5, .seed = 9};
  CHECK(AnySchedule(sampled).branches(planet) == 3);
  CHECK(sampled.stage(0).sampler == SamplerOptions{.temperature = 0.5, .top_k = 40, .top_p = 1, .seed = 9});
  CHECK_FALSE(sampled.stage(1).sampler.has_value());
  const std::vector<Prompt> states = sampled.prompts(1, {eggs, {{"a", "b", "c"}}});
  REQUIRE(states.size() == 3);
  CHECK(states[2].messages.at(2) == Message{Role::assistant, "c"});
  CHECK_FALSE(Cot{}.stage(0).sampler.has_value());
  CHECK(Cot{.state = false, .samples = 4}.prompts(0, {eggs, {}}).size() == 4);
  CHECK(test::error_of([] { static_cast<void>(read_spec<stages::Standard>("cot:temperature=0", "--stages")); }) ==
        "--stages cot, temperature: found 0, with which every sample would be the same, expected a number above 0");
}

TEST_CASE("plan_solve and cot: what they convert to passes the check, whatever the settings") {
  for (const char* spec :
       {"plan_solve", "plan_solve:system=\"\",plan_tokens=5", "cot", "cot:state=false", "cot:samples=5,state=false",
        "cot:system=\"Say {question}{field.x}\",reason_tokens=3,state_tokens=1"}) {
    CAPTURE(spec);
    const auto schedule = read_spec<stages::Standard>(spec, "--stages");
    CHECK(read_spec<stages::Standard>(to_spec(schedule), "--stages") == schedule);
    schedule.visit([]<class S>(const S& s) {
      if constexpr (requires { s.schedule(); }) CHECK_NOTHROW(s.schedule().check("converted"));
    });
  }
  CHECK(test::error_of([] {
          static_cast<void>(read_spec<stages::Standard>("cot:system={reason}", "--stages"));
        }).find("--stages cot, system: found \"{reason}\", the stage's own output, expected {question}") == 0);
  CHECK(test::error_of([] {
          static_cast<void>(read_spec<stages::Standard>("plan_solve:system={x}", "--stages"));
        }).find("--stages plan_solve, system: found \"{x}\", expected {question}") == 0);
}
