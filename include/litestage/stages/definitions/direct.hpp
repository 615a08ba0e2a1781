// The direct answer, as data.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_check.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/direct.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

LITESTAGE_INLINE Custom Direct::schedule() const {
  Custom schedule;
  const bool forced = !continuation.empty();
  CustomStage stage{.name = "direct", .max_new_tokens = max_new_tokens};
  if (chat) {
    if (!system.empty()) stage.messages.push_back({Speaker::system, system});
    stage.messages.push_back({Speaker::user, "{problem}"});
    stage.continuation = continuation;
    schedule.variants = {
        {.name = "problem",
         .with_options = concat("Question: {question}\n{options}\n\n", forced ? state_letter : ask_for_letter),
         .without_options = concat("Question: {question}\n\n", forced ? state_value : ask_for_value)}};
    schedule.answer = {chat_answer()};
    if (forced) schedule.answer.probe = " option (";
    schedule.answer.opening = continuation;
  } else {
    stage.text = "{problem}";
    stage.stop = {"\n"};
    // The generated text begins with the letter itself, possibly in brackets.
    const std::string opening = "So the answer is option";
    schedule.variants = {{.name = "problem",
                          .with_options = concat("{question}\n{options_inline}\n", opening),
                          .without_options = "{question}\nSo the answer is"}};
    schedule.answer = {{.rule = AnswerRule::stated, .letter_prefix = " ", .opening = opening}};
  }
  schedule.stages = {stage};
  return schedule;
}

LITESTAGE_INLINE StageInfo Direct::stage(std::size_t i) const {
  return schedule().stage(i);
}
LITESTAGE_INLINE std::vector<Prompt> Direct::prompts(std::size_t i, const Transcript& transcript) const {
  return schedule().prompts(i, transcript);
}
LITESTAGE_INLINE AnswerFormat Direct::answer_format() const {
  return schedule().answer_format();
}
LITESTAGE_INLINE std::size_t Direct::branches(const Question& question) const {
  return schedule().branches(question);
}
LITESTAGE_INLINE void Direct::check_question(const Question& question) const {
  schedule().check_question(question);
}

LITESTAGE_INLINE void Direct::check(const Where& where) const {
  const Custom custom = schedule();
  check_text(custom, {system, where.at("system"), place_in(custom, 0)});
  check_text(custom, {continuation, where.at("continuation"), place_in(custom, 0)});
  if (!chat && !continuation.empty()) {
    throw Error(concat(where.at("continuation").str(), ": found ", found_text(Form(continuation)),
                       " in a text, expected it only where chat is true"));
  }
}

}  // namespace litestage::stages
