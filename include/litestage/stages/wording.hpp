// What the texts of stages are made of: option letters, option lists, and the tidying of what a model wrote.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
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
void check_options(const Question& question);

// "(A) text (B) text" with the separator between options.
[[nodiscard]] std::string option_list(const Question& question, std::string_view separator);

// How a conversation states its answer once it was asked to reply "The answer is option (X).".
[[nodiscard]] AnswerFormat chat_answer();

// What branch `branch` of stage `stage` wrote.
[[nodiscard]] const std::string& output(const Transcript& transcript, std::size_t stage, std::size_t branch);

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/wording.hpp"
#endif
