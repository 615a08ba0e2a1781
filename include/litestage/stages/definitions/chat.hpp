// The stages of a conversation, as data.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/stages/chat.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_check.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/fill.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

namespace detail {

// The output of the stage analyze has its own name in Chat's setting `analysis`.
inline std::string with_stage_name(std::string_view analysis) {
  std::string line;
  for (const TemplatePart& part : template_parts(analysis, "stages chat, analysis")) {
    if (part.is_placeholder) {
      line += concat('{', part.text == "analysis" ? "analyze" : part.text, '}');
      continue;
    }
    for (const char c : part.text) line += c == '{' || c == '}' ? std::string(2, c) : std::string(1, c);
  }
  return line;
}

// The schedule with the setting `analysis` as it is.
inline Custom chat_schedule(const Chat& chat) {
  const auto user = [](const std::string& text) { return std::vector<CustomMessage>{{Speaker::user, text}}; };
  Custom schedule;
  schedule.stages = {
      {.name = "recall", .messages = user(chat.recall), .max_new_tokens = chat.recall_tokens, .stop = chat.stop},
      {.name = "analyze",
       .continues = "recall",
       .branches = PerOption{},
       .messages = user(chat.analyze),
       .max_new_tokens = chat.analyze_tokens,
       .stop = chat.stop},
      {.name = "summarize",
       .continues = "recall",
       .messages = user(chat.summarize),
       .max_new_tokens = chat.summarize_tokens,
       .stop = chat.stop}};
  std::vector<CustomMessage>& first = schedule.stages[0].messages;
  if (!chat.system.empty()) first.insert(first.begin(), {Speaker::system, chat.system});
  schedule.joins = {{.name = "analyses", .of = "analyze", .line = chat.analysis, .between = "\n"}};
  schedule.answer = {chat_answer()};
  return schedule;
}

}  // namespace detail

LITESTAGE_INLINE Custom Chat::schedule() const {
  Custom schedule = detail::chat_schedule(*this);
  schedule.joins[0].line = detail::with_stage_name(analysis);
  return schedule;
}

LITESTAGE_INLINE StageInfo Chat::stage(std::size_t i) const {
  return schedule().stage(i);
}
LITESTAGE_INLINE std::vector<Prompt> Chat::prompts(std::size_t i, const Transcript& transcript) const {
  return schedule().prompts(i, transcript);
}
LITESTAGE_INLINE AnswerFormat Chat::answer_format() const {
  return schedule().answer_format();
}
LITESTAGE_INLINE std::size_t Chat::branches(const Question& question) const {
  return schedule().branches(question);
}
LITESTAGE_INLINE void Chat::check_question(const Question& question) const {
  schedule().check_question(question);
}

LITESTAGE_INLINE void Chat::check(const Where& where) const {
  const Custom custom = detail::chat_schedule(*this);
  const auto check_stage = [&](std::string_view key, const std::string& text, std::size_t stage) {
    check_text(custom, {text, where.at(key), place_in(custom, stage)});
  };
  check_stage("system", system, 0);
  check_stage("recall", recall, 0);
  check_stage("analyze", analyze, 1);
  check_stage("summarize", summarize, 2);
  const Placeholder output{"analysis", nullptr};
  check_text(custom, {analysis, where.at("analysis"), place_in(custom, custom.joins[0])}, {&output, 1});
}

}  // namespace litestage::stages
