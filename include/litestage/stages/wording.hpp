// Building blocks of stage prompts: option letters, option lists, and the trimming of generated text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::stages {

// The default system message of a conversation.
inline constexpr const char* chat_system =
    "You are an expert in science and common sense. You answer multiple-choice questions.";

// Throws Error unless the question has 1 to max_options options. Schedules with one text per option call this first.
void check_options(const Question& question);

// The options as "(A) text (B) text", with the separator between options.
[[nodiscard]] std::string option_list(const Question& question, std::string_view separator);

// The answer format of a conversation that asks for the reply "The answer is option (X).".
[[nodiscard]] AnswerFormat chat_answer();

// The text that branch `branch` of stage `stage` generated.
[[nodiscard]] const std::string& output(const Transcript& transcript, std::size_t stage, std::size_t branch);

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/wording.hpp"
#endif
