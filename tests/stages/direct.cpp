#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/standard.hpp"
#include "litestage/tasks/read_answer.hpp"
#include "litestage/tasks/tasks.hpp"

using namespace litestage;
using stages::Chat;
using stages::Direct;
using test::error_of;

namespace {

Transcript transcript_of(std::vector<std::string> options) {
  return {{"id", "Predators eat", std::move(options), {{"A"}}}, {}};
}

}  // namespace

static_assert(StatesAnswer<Direct>);

TEST_CASE("direct: one stage, whose text is the question and the beginning of the answer") {
  const Direct schedule;
  CHECK(schedule.size() == 1);
  CHECK(schedule.stage(0).name == "direct");
  CHECK(schedule.stage(0).max_new_tokens == 24);
  CHECK(schedule.stage(0).stop == std::vector<std::string>{"\n"});
  const std::vector<Prompt> prompts = schedule.prompts(0, transcript_of({"lions", "humans", "bunnies"}));
  REQUIRE(prompts.size() == 1);
  CHECK(prompts[0] ==
        Prompt{{{Role::text, "Predators eat\n(A) lions (B) humans (C) bunnies\nSo the answer is option"}}, ""});
  CHECK_THROWS_AS(static_cast<void>(schedule.stage(1)), AssertionError);
  CHECK_THROWS_AS(static_cast<void>(schedule.prompts(1, transcript_of({"a", "b"}))), AssertionError);
}

TEST_CASE("direct: as a conversation, with the system message of chat") {
  const Direct schedule{24, true};
  CHECK(schedule.stage(0).stop.empty());
  const std::vector<Prompt> prompts = schedule.prompts(0, transcript_of({"lions", "humans"}));
  REQUIRE(prompts.size() == 1);
  CHECK(prompts[0].continuation.empty());
  CHECK(
      prompts[0].messages ==
      std::vector<Message>{{Role::system, Chat{}.system},
                           {Role::user,
                            "Question: Predators eat\n(A) lions\n(B) humans\n\nWhich option is the best answer to the "
                            "question? Reply with exactly: The answer is option (X)."}});
}

TEST_CASE("direct: its system message is that of chat, whatever stands there") {
  for (const char* system : {"", "You know {question}, {{e.g.}} one of\n{options}"}) {
    Chat chat;
    chat.system = system;
    const Transcript asked = transcript_of({"lions", "humans"});
    const Message first = chat.prompts(0, asked)[0].messages[0];
    const Prompt direct = Direct{24, true, system}.prompts(0, asked)[0];
    CAPTURE(system);
    CHECK(direct.messages.size() == (chat.system.empty() ? 1 : 2));
    if (!chat.system.empty()) CHECK(direct.messages[0] == first);
  }
  CHECK(error_of([] { static_cast<void>(read_spec<stages::Standard>("direct:system={recall}", "--stages")); }) ==
        "--stages direct, system: found \"{recall}\", expected {question}, {options}, {options_inline}, {problem}, "
        "{field.NAME}, and {{ and }} for braces");
}

TEST_CASE("direct: a conversation states any letter that a task may have") {
  const AnswerFormat format = Direct{24, true}.answer_format();
  CHECK(format.rule == Chat{}.answer_format().rule);
  const std::vector<std::string> options(max_options, "thing");
  for (int i = 0; i < static_cast<int>(max_options); ++i) {
    const std::string letter(1, option_letter(i));
    CHECK(tasks::written_option(format, "The answer is option (" + letter + ").", options) == i);
  }
  CHECK(tasks::written_option(format, "the option I like", options) == no_answer);
}

TEST_CASE("direct: reads the letter that it asked for") {
  const AnswerFormat text = Direct{}.answer_format(), chat = Direct{24, true}.answer_format();
  const std::vector<std::string> options = {"lions", "humans", "bunnies", "grass"};
  // The prompt ends with the opening of the answer format.
  const std::string prompt = Direct{}.prompts(0, transcript_of(options))[0].messages[0].text;
  CHECK(prompt.substr(prompt.size() - text.opening.size()) == text.opening);
  CHECK(chat.opening.empty());
  struct Case {
    std::string written;
    int text, chat;
  };
  const std::vector<Case> cases = {
      {" B.", 1, 1},
      {" (C) because", 2, 2},
      {"A", 0, 0},
      {" D. So the answer is option A.", 3, 0},
      {" None", -1, -1},
      {"", -1, -1},
      {" E", -1, -1},  // there are four options
      {"The answer is option (B).", 1, 1},
      {" Bunnies", 2, 2},
      {" the bunnies, since humans", 2, -1},
  };
  for (const Case& c : cases) {
    CAPTURE(c.written);
    CHECK(tasks::written_option(text, c.written, options) == c.text);
    CHECK(tasks::written_option(chat, c.written, options) == c.chat);
  }
}

TEST_CASE("direct: letters are scored as the model would go on") {
  CHECK(Direct{}.answer_format().probe.empty());
  CHECK(Direct{}.answer_format().letter_prefix == " ");
  CHECK(Direct{24, true}.answer_format().probe == Chat{}.answer_format().probe);
  CHECK(Direct{24, true}.answer_format().letter_prefix.empty());
}

TEST_CASE("direct: a question without options is asked for a value") {
  CHECK(Direct{}.prompts(0, transcript_of({})) ==
        std::vector<Prompt>{{{{Role::text, "Predators eat\nSo the answer is"}}, ""}});
  CHECK(Direct{24, true, ""}.prompts(0, transcript_of({})) ==
        std::vector<Prompt>{{{{Role::user,
                               "Question: Predators eat\n\nWhat is the answer to the question? Reply with one short "
                               "sentence that begins with: The answer is"}},
                             ""}});
}

TEST_CASE("direct: an answer may be forced, and letters are scored after the forced words") {
  const Direct forced{24, true, "", "The answer is"};
  const Prompt prompt = forced.prompts(0, transcript_of({"lions", "humans"}))[0];
  CHECK(prompt.continuation == "The answer is");
  CHECK(prompt.messages.at(0).text ==
        "Question: Predators eat\n(A) lions\n(B) humans\n\nState the letter of the best option.");
  CHECK(forced.prompts(0, transcript_of({}))[0].messages.at(0).text ==
        "Question: Predators eat\n\nState only the final answer.");
  CHECK(forced.answer_format().opening == "The answer is");
  CHECK(forced.answer_format().probe == " option (");
  CHECK(tasks::written_option(forced.answer_format(), " option (B).", std::vector<std::string>{"lions", "humans"}) ==
        1);
}

TEST_CASE("direct: is the control of a schedule, with its markup, system message and forced words") {
  using stages::direct_answer_of;
  CHECK(direct_answer_of(stages::TinyThinker{}) == Direct{});
  CHECK(direct_answer_of(stages::Single{5, true}) == Direct{});
  Chat chat;
  CHECK(direct_answer_of(chat) == Direct{24, true});
  chat.system = "";
  CHECK(direct_answer_of(chat) == Direct{24, true, ""});
  CHECK(direct_answer_of(stages::PlanSolve{}) == Direct{24, true, stages::PlanSolve{}.system, "The answer is"});
  stages::Custom custom = chat.schedule();
  custom.stages[0].messages = {{stages::Speaker::system, "You know."}, {stages::Speaker::user, "{question}"}};
  custom.stages[2].continuation = "{recall}";
  CHECK(direct_answer_of(custom) == Direct{24, true, "You know."});
}

TEST_CASE("direct: SPEC and refusals") {
  CHECK(read_spec<stages::Standard>("direct:chat=true", "--stages") == stages::Standard(Direct{24, true}));
  CHECK(to_spec(Direct{7, false}) == "direct:max_new_tokens=7");
  CHECK(error_of([] { static_cast<void>(read_spec<stages::Standard>("direct:max_new_tokens=0", "--stages")); }) ==
        "--stages direct, max_new_tokens: found 0, expected an integer from 1 to 1000000");
  CHECK(error_of([] { static_cast<void>(Direct{}.prompts(0, transcript_of(std::vector<std::string>(27, "x")))); }) ==
        "question id: found 27 options, expected 1 to 26");
  CHECK(error_of([] { static_cast<void>(read_spec<stages::Standard>("direct:continuation=So", "--stages")); }) ==
        "--stages direct, continuation: found \"So\" in a text, expected it only where chat is true");
}

TEST_CASE("direct: its form is that of earlier versions unless an answer is forced, so journals are continued") {
  CHECK(stages::Standard(Direct{}).to_form(true).find("continuation") == nullptr);
  CHECK(stages::Standard(Direct{24, true, "", "So"}).to_form(true).find("continuation") != nullptr);
}
