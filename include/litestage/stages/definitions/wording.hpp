// Wording shared by the schedules.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

LITESTAGE_INLINE void check_options(const Question& question) {
  if (question.options.empty() || question.options.size() > max_options) {
    throw Error(concat("question ", shown(question.id), ": found ", question.options.size(), " options, expected 1 to ",
                       max_options));
  }
}

LITESTAGE_INLINE std::string option_list(const Question& question, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < question.options.size(); ++i) {
    if (i != 0) text += separator;
    text += concat('(', option_letter(i), ") ", question.options[i]);
  }
  return text;
}

LITESTAGE_INLINE std::string as_sentence(std::string_view text) {
  std::string sentence = std::string(trimmed_ascii(text));
  if (sentence.empty() || std::string_view(".\"'").find(sentence.back()) == std::string_view::npos) sentence += '.';
  return sentence;
}

LITESTAGE_INLINE AnswerFormat chat_answer() {
  return {.rule = AnswerRule::stated, .probe = "The answer is option ("};
}

LITESTAGE_INLINE const std::string& output(const Transcript& transcript, std::size_t stage, std::size_t branch) {
  LITESTAGE_ASSERT(stage < transcript.outputs.size() && branch < transcript.outputs[stage].size(), "stage ", stage,
                   " branch ", branch);
  return transcript.outputs[stage][branch];
}

}  // namespace litestage::stages
