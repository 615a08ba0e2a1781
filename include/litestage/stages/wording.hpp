// Words and building blocks of prompts that several schedules share.
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

// The default system message of a conversation about questions with options.
inline constexpr const char* chat_system =
    "You are an expert in science and common sense. You answer multiple-choice questions.";

// The default system message of a conversation that reasons.
inline constexpr const char* reasoning_system = "You solve problems carefully, step by step.";

// Requests for the answer, of questions with and without options.
inline constexpr const char* ask_for_letter =
    "Which option is the best answer to the question? Reply with exactly: The answer is option (X).";
inline constexpr const char* ask_for_value =
    "What is the answer to the question? Reply with one short sentence that begins with: The answer is";

// Requests for an answer whose first words are forced. They show no form to fill in: after forced words, small models
// repeat one as it is ("The answer is option (X).").
inline constexpr const char* state_letter = "State the letter of the best option.";
inline constexpr const char* state_value = "State only the final answer.";

// Throws Error unless the question has 1 to max_options options. Schedules with one text per option call this first.
void check_options(const Question& question);

// The options as "(A) text (B) text", with the separator between options.
[[nodiscard]] std::string option_list(const Question& question, std::string_view separator);

// TinyThinker's rule for generated text (arXiv 2412.08024; shengminp/TinyThinker, a11ef50): strip it and add a full
// stop unless it ends in . " or '. Empty text becomes ".".
[[nodiscard]] std::string as_sentence(std::string_view text);

// The answer format of a conversation that asks for the reply "The answer is option (X).".
[[nodiscard]] AnswerFormat chat_answer();

// The text that branch `branch` of stage `stage` generated.
[[nodiscard]] const std::string& output(const Transcript& transcript, std::size_t stage, std::size_t branch);

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/wording.hpp"
#endif
