#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/stages/standard.hpp"
#include "litestage/tasks/read_answer.hpp"

using namespace litestage;
using stages::Chat;
using stages::Single;
using stages::TinyThinker;

namespace {

Transcript transcript(std::vector<std::string> options, std::vector<std::vector<std::string>> outputs = {}) {
  return {{"id", "Predators eat", std::move(options), {{"A"}}}, std::move(outputs)};
}

std::string text_of(const Prompt& prompt) {
  CHECK(prompt.messages.size() == 1);
  CHECK(prompt.messages.at(0).role == Role::text);
  CHECK(prompt.continuation.empty());
  return prompt.messages.at(0).text;
}

std::string letter_in(const AnswerFormat& format, const std::string& text) {
  const int option = tasks::written_option(format, text, std::vector<std::string>(5, "thing"));
  return option == no_answer ? "none" : std::string(1, static_cast<char>('A' + option));
}

}  // namespace

TEST_CASE("tinythinker: the strings of its repository") {
  const TinyThinker schedule;
  Transcript t = transcript({"lions", "humans", "bunnies", "grass"});
  REQUIRE(schedule.prompts(0, t).size() == 1);
  CHECK(text_of(schedule.prompts(0, t)[0]) == "Predators eat\n(A) lions (B) humans (C) bunnies (D) grass\nRecall:");

  t.outputs.push_back({" Predators eat prey"});
  const auto branches = schedule.prompts(1, t);
  REQUIRE(branches.size() == 4);
  for (std::size_t o = 0; o < 4; ++o) {
    CHECK(text_of(branches[o]) ==
          concat("Predators eat\n(A) lions (B) humans (C) bunnies (D) grass\nRecall: Predators eat prey.\n"
                 "Analyze: For option ",
                 "ABCD"[o], ","));
  }

  t.outputs.push_back({" lions hunt.", "humans are\t", "\"prey\"", "it's 'green'"});
  REQUIRE(schedule.prompts(2, t).size() == 1);
  CHECK(
      text_of(schedule.prompts(2, t)[0]) ==
      "Predators eat\n(A) lions (B) humans (C) bunnies (D) grass\nRecall: Predators eat prey.\n"
      "Analyze: For option A, lions hunt. For option B, humans are. For option C, \"prey\" For option D, it's 'green'\n"
      "Summarize:");
}

TEST_CASE("tinythinker: a full stop unless the text ends in a full stop or a quotation mark") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"a", "a."},   {"a.", "a."},     {"a\"", "a\""}, {"a'", "a'"},  {"a. ", "a."}, {"\n a \t\r\v\f", "a."},
      {"a?", "a?."}, {"a...", "a..."}, {"", "."},      {" \n ", "."}, {"a,", "a,."}, {"a b", "a b."},
      {".", "."},    {"\"", "\""},
  };
  for (const auto& c : cases) {
    CAPTURE(c.first);
    CHECK(stages::as_sentence(c.first) == c.second);
  }
}

TEST_CASE("tinythinker: options are never split, two to twenty-six of them") {
  const TinyThinker schedule;
  CHECK(text_of(schedule.prompts(0, transcript({"salt, sugar", "yes, no, maybe"}))[0]) ==
        "Predators eat\n(A) salt, sugar (B) yes, no, maybe\nRecall:");
  for (const std::size_t n : {2u, 4u, 5u, 26u}) {
    CHECK(schedule.prompts(1, transcript(std::vector<std::string>(n, "x, y"), {{"K"}})).size() == n);
  }
  for (const std::size_t n : {0u, 27u}) {
    const Transcript t = transcript(std::vector<std::string>(n, "x"), {{"K"}});
    CHECK(test::error_of([&] { static_cast<void>(schedule.prompts(0, t)); }) ==
          concat("question id: found ", n, " options, expected 1 to 26"));
  }
}

TEST_CASE("tinythinker: stages, caps, and how an answer is read and probed") {
  const TinyThinker schedule{1, 2, 3};
  CHECK(TinyThinker{} == TinyThinker{64, 64, 24});
  const std::vector<std::string> names = {"recall", "analyze", "summarize"};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(schedule.stage(i).name == names[i]);
    CHECK(schedule.stage(i).max_new_tokens == static_cast<int>(i) + 1);
    CHECK(schedule.stage(i).stop == std::vector<std::string>{"\n"});
  }
  CHECK_THROWS_AS(static_cast<void>(schedule.stage(3)), AssertionError);
  const AnswerFormat format = schedule.answer_format();
  CHECK(letter_in(format, " So the answer is option C.") == "C");
  CHECK(letter_in(format, "the answer is option B. the answer is option A.") == "B");
  CHECK(letter_in(format, "the answer is option C") == "none");
  CHECK(letter_in(format, "the answer is option (C).") == "none");
  // The scored option is the one that would be extracted.
  CHECK(letter_in(format, "Summarize:" + format.probe + format.letter_prefix + "D.") == "D");
}

TEST_CASE("a schedule is asked in order") {
  CHECK_THROWS_AS(static_cast<void>(TinyThinker{}.prompts(1, transcript({"x", "y"}))), AssertionError);
  CHECK_THROWS_AS(static_cast<void>(TinyThinker{}.prompts(2, transcript({"x", "y"}, {{"K"}, {"one"}}))),
                  AssertionError);
  CHECK_THROWS_AS(static_cast<void>(Chat{}.prompts(1, transcript({"x", "y"}))), AssertionError);
}

TEST_CASE("single: the question as it is") {
  CHECK(text_of(Single{}.prompts(0, transcript({}))[0]) == "Predators eat");
  CHECK(text_of(Single{}.prompts(0, transcript({"x", "y"}))[0]) == "Predators eat\n(A) x (B) y");
  CHECK(Single{5, true}.prompts(0, transcript({})).at(0).messages ==
        std::vector<Message>{{Role::user, "Predators eat"}});
  CHECK(Single{}.size() == 1);
  CHECK(Single{5}.stage(0).max_new_tokens == 5);
  CHECK(Single{}.stage(0).name == "answer");
  CHECK(Single{}.stage(0).stop.empty());
}

TEST_CASE("chat: conversations that begin with the earlier ones, their texts filled") {
  Chat chat;
  chat.system = "sys";
  chat.recall = "{question}|{options}";
  chat.analyze = "{letter}|{option}|{recall}|{{{question}}}";
  chat.analysis = "{letter}={option}:{analysis}";
  chat.summarize = "{analyses}|{recall}";
  chat.stop = {"\n\n"};
  Transcript t = transcript({"a, b", "{option}"}, {{" fact\n"}, {" first ", "{recall}"}});
  const std::vector<Message> opening = {{Role::system, "sys"}, {Role::user, "Predators eat|(A) a, b\n(B) {option}"}};
  CHECK(chat.prompts(0, t) == std::vector<Prompt>{{opening, ""}});

  std::vector<Message> continued = opening;
  continued.push_back({Role::assistant, "fact"});
  const auto with = [&](const char* text) {
    std::vector<Message> messages = continued;
    messages.push_back({Role::user, text});
    return Prompt{messages, ""};
  };
  CHECK(chat.prompts(1, t) ==
        std::vector<Prompt>{with("A|a, b|fact|{Predators eat}"), with("B|{option}|fact|{Predators eat}")});
  CHECK(chat.prompts(2, t) == std::vector<Prompt>{with("A=a, b:first\nB={option}:{recall}|fact")});
  chat.system = "";
  CHECK(chat.prompts(0, t).at(0).messages.at(0).role == Role::user);
  CHECK(chat.stage(1).stop == std::vector<std::string>{"\n\n"});
}

TEST_CASE("chat: a text may only use what is known at its stage") {
  const auto refused = [](std::string_view key, const char* text) {
    return test::error_of([&] {
      static_cast<void>(read_fields<Chat>(Form(Form::Map{{std::string(key), text}}), "texts.json"));
    });
  };
  CHECK(refused("recall", "{recall}") ==
        "texts.json chat, recall: found \"{recall}\", the stage's own output, expected {question}, {options}, "
        "{options_inline}, {field.NAME}, and {{ and }} for braces");
  CHECK(refused("summarize", "{letter}").find("texts.json chat, summarize: found \"{letter}\"") == 0);
  CHECK(refused("analyze", "{analyses}") ==
        "texts.json chat, analyze: found \"{analyses}\", which joins the branches of \"analyze\", expected {question}, "
        "{options}, {options_inline}, {letter}, {option}, {number}, {recall}, {recall.sentence}, {field.NAME}, and {{ "
        "and "
        "}} for braces");
  CHECK(refused("analysis", "{analysis}") == "no error");
  CHECK(refused("analysis", "{analyses}").find("texts.json chat, analysis: found \"{analyses}\"") == 0);
  CHECK(refused("system", "{").find("found \"{\"") != std::string::npos);
  CHECK(refused("system", "a } b").find("found \"} b\"") != std::string::npos);
  CHECK(refused("system", "{question").find("found \"{question\"") != std::string::npos);
  CHECK(refused("system", "{}").find("found \"{}\"") != std::string::npos);
  CHECK(refused("system", "{{}}") == "no error");
}

TEST_CASE("chat: the built-in texts name the letters that are read") {
  CHECK_NOTHROW(Chat{}.check("built-in"));
  const AnswerFormat format = Chat{}.answer_format();
  CHECK(letter_in(format, "The answer is option (C).") == "C");
  CHECK(letter_in(format, "I choose option B") == "B");
  CHECK(letter_in(format, "option (E), not option (A)") == "E");
  CHECK(letter_in(format, "The answer is option (X).") == "none");
  CHECK(letter_in(format, format.probe + format.letter_prefix + "D).") == "D");
}
