// The prompts of TinyThinker, Chat, Direct and Single, recorded before these schedules became data. Plans and results
// of earlier versions hold only as long as every byte stays.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "litestage/core/fnv1a.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/stages/standard.hpp"

using namespace litestage;
using stages::Chat;
using stages::Direct;
using stages::Single;
using stages::TinyThinker;

namespace {

const std::vector<std::string> recorded_stems = {
    "Predators eat", "  Which of these,\tif any,  is {hard}? \n", "{question} {options} }}{{ {recall}",
    "A box holds 6 eggs.\n\nHow many are in 7 boxes?\n", "caf\xC3\xA9 \xE2\x82\xAC 5 (A) or (B)?"};
const std::vector<std::string> recorded_options = {"lions", " salt, {sugar} ", "{option}", "\"it's\" 3.5 %",
                                                   "none\nof these"};
const std::vector<std::string> recorded_texts = {" Predators eat prey",
                                                 "ends in a stop.",
                                                 " \n\t ",
                                                 "\"quoted\"",
                                                 "{letter} it's 'x'",
                                                 "two\nlines ",
                                                 "  {analyses} }} {{ said.",
                                                 "",
                                                 "says why? {x}\n\n",
                                                 "a...",
                                                 "{recall}"};

std::string hash_of(const AnySchedule& schedule) {
  Fnv1a hash;
  const auto add = [&](const Prompt& prompt) {
    for (const Message& m : prompt.messages) {
      hash.add_whole(std::to_string(static_cast<int>(m.role)));
      hash.add_whole(m.text);
    }
    hash.add_whole(prompt.continuation);
  };
  for (std::size_t q = 0; q < recorded_stems.size(); ++q) {
    for (std::size_t n = 2; n <= recorded_options.size(); ++n) {
      Transcript t{{"id",
                    recorded_stems[q],
                    {recorded_options.begin(), recorded_options.begin() + static_cast<std::ptrdiff_t>(n)}},
                   {}};
      for (std::size_t s = 0; s < schedule.size(); ++s) {
        const StageInfo info = schedule.stage(s);
        hash.add_whole(info.name);
        hash.add_whole(std::to_string(info.max_new_tokens));
        for (const std::string& stop : info.stop) hash.add_whole(stop);
        const std::vector<Prompt> prompts = schedule.prompts(s, t);
        t.outputs.emplace_back();
        for (std::size_t b = 0; b < prompts.size(); ++b) {
          add(prompts[b]);
          t.outputs.back().push_back(recorded_texts[(7 * q + 3 * n + 5 * s + b) % recorded_texts.size()]);
        }
      }
    }
  }
  if (schedule.states_answer()) {
    const AnswerFormat format = schedule.answer_format();
    hash.add_whole(std::to_string(static_cast<int>(format.rule)));
    for (const std::string& text : {format.probe, format.letter_prefix, format.opening}) hash.add_whole(text);
  }
  return hexadecimal(hash.value());
}

Chat edited_chat() {
  Chat chat;
  chat.system = "You know {question}, {{e.g.}} one of\n{options}";
  chat.recall = "{options}|{question}{question}";
  chat.analyze = "{letter}{option}{{x}}{recall} {question}{options}";
  chat.analysis = "{analysis} ({letter}={option}) {{{recall}}} {question}{options}";
  chat.summarize = " {analyses}\n{recall}{question}{options} ";
  chat.recall_tokens = 5;
  chat.analyze_tokens = 6;
  chat.summarize_tokens = 7;
  chat.stop = {"\n\n", "."};
  return chat;
}

}  // namespace

TEST_CASE("prompts of earlier versions stay to the byte") {
  Chat silent;
  silent.system = "";
  CHECK(hash_of(TinyThinker{}) == "3c723cc26e91b438");
  CHECK(hash_of(TinyThinker{1, 2, 3}) == "6b0fe8f4cfa4c426");
  CHECK(hash_of(Chat{}) == "b8d2f0ff33c09574");
  CHECK(hash_of(silent) == "66803c42d579f49c");
  CHECK(hash_of(edited_chat()) == "75469e5d959734ec");
  CHECK(hash_of(Direct{}) == "b055eeb126ee2dba");
  CHECK(hash_of(Direct{24, true}) == "18a21a391ae200cb");
  CHECK(hash_of(Direct{7, true, ""}) == "a7ea487df0926da3");
  CHECK(hash_of(Direct{7, true, "You know {question}, {{e.g.}} one of\n{options}"}) == "ce91bbc75d2389cd");
  CHECK(hash_of(Single{}) == "fcd9c5ea65de4ca4");
  CHECK(hash_of(Single{5, true}) == "cac3bdc88d7fc460");
}

TEST_CASE("tinythinker: one whole question, literally") {
  Transcript t{{"id", "  Which, {if} any? ", {"a {b}", "c"}}, {}};
  const auto text = [&](std::size_t stage, std::size_t branch) {
    const Prompt prompt = TinyThinker{}.prompts(stage, t).at(branch);
    CHECK(prompt.messages.size() == 1);
    return prompt.messages.at(0).text;
  };
  CHECK(text(0, 0) == "  Which, {if} any? \n(A) a {b} (B) c\nRecall:");
  t.outputs.push_back({" {letter} is said \n"});
  CHECK(text(1, 1) == "  Which, {if} any? \n(A) a {b} (B) c\nRecall: {letter} is said.\nAnalyze: For option B,");
  t.outputs.push_back({" x.", ""});
  CHECK(text(2, 0) ==
        "  Which, {if} any? \n(A) a {b} (B) c\nRecall: {letter} is said.\nAnalyze: For option A, x. For option B, .\n"
        "Summarize:");
}

TEST_CASE("chat: one whole question, literally") {
  Transcript t{{"id", " Why {x}? ", {"a {b}", "c"}}, {}};
  const std::vector<Message> opening = {
      {Role::system, "You are an expert in science and common sense. You answer multiple-choice questions."},
      {Role::user,
       "Question:  Why {x}? \n(A) a {b}\n(B) c\n\nFirst, state in one or two sentences the key fact that decides this "
       "question. Do not choose an option yet."}};
  CHECK(Chat{}.prompts(0, t) == std::vector<Prompt>{{opening, ""}});
  t.outputs.push_back({" {option} is a fact.\n"});
  std::vector<Message> analyze = opening, summarize = opening;
  analyze.push_back({Role::assistant, "{option} is a fact."});
  analyze.push_back({Role::user,
                     "Consider only option (B): c\nGiven the key fact, is it the right answer to the question? Say why "
                     "or why not in one sentence."});
  CHECK(Chat{}.prompts(1, t).at(1) == Prompt{analyze, ""});
  t.outputs.push_back({" No\n", "Yes. "});
  summarize.push_back({Role::assistant, "{option} is a fact."});
  summarize.push_back(
      {Role::user,
       "Here is an analysis of each option:\n(A) a {b}: No\n(B) c: Yes.\n\nWhich option is the best answer to the "
       "question? Reply with exactly: The answer is option (X)."});
  CHECK(Chat{}.prompts(2, t) == std::vector<Prompt>{{summarize, ""}});
}
