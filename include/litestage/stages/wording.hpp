// What the texts of stages are made of: option letters, option lists, and the tidying of what a model wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::stages {

// The system message of a conversation, unless a user writes another.
inline constexpr const char* chat_system =
    "You are an expert in science and common sense. You answer multiple-choice questions.";

// Schedules that write a text to each option call this first.
inline void check_options(const Question& question) {
  if (question.options.empty() || question.options.size() > max_options) {
    throw Error(concat("question ", shown(question.id), ": found ", question.options.size(), " options, expected 1 to ",
                       max_options));
  }
}

// "(A) text (B) text" with the separator between options.
[[nodiscard]] inline std::string option_list(const Question& question, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < question.options.size(); ++i) {
    if (i != 0) text += separator;
    text += concat('(', option_letter(i), ") ", question.options[i]);
  }
  return text;
}

// How a conversation states its answer once it was asked to reply "The answer is option (X).".
[[nodiscard]] inline AnswerFormat chat_answer() {
  return {AnswerRule::stated, "The answer is option (", ""};
}

// Without white space at either end.
[[nodiscard]] inline std::string stripped(std::string_view text) {
  constexpr std::string_view white = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(white) - first + 1));
}

// What branch `branch` of stage `stage` wrote.
[[nodiscard]] inline const std::string& output(const Transcript& transcript, std::size_t stage, std::size_t branch) {
  LITESTAGE_ASSERT(stage < transcript.outputs.size() && branch < transcript.outputs[stage].size(), "stage ", stage,
                   " branch ", branch);
  return transcript.outputs[stage][branch];
}

}  // namespace litestage::stages
