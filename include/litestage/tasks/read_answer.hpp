// Reads the answer from what a model made: from its text, by the kind of the question's answer, or from the logits of
// the option letters.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/reading/stated_answer.hpp"

namespace litestage::tasks {

// The index of the option that a text gives as its answer; no_answer if there is none, or none of the question's
// options. The rules are in reading/stated_answer.hpp, that of TinyThinker in definitions/read_answer.hpp.
[[nodiscard]] int written_option(const AnswerFormat& format, std::string_view text,
                                 std::span<const std::string> options);

// The answer that a text gives to this question, in the canonical form of its kind; empty if it gives none, or none
// that is unambiguous.
[[nodiscard]] Answer written_answer(const AnswerFormat& format, std::string_view text, const Question& question);

// The option whose letter has the highest logit; ties go to the first letter, NaN never wins.
[[nodiscard]] int best_letter(std::span<const float> letter_logits);

// The answer of a whole question, read from the last stage's text. If that stage has several branches, which happens
// where a stage samples, they vote (vote.hpp): with one vote each, or weighted by the confidences of all tokens that
// the branch and those that it continues have written. `stages`: the reports of all stages. Throws Error if the format
// wants weights and the confidences were not traced.
[[nodiscard]] Answer extracted_answer(const AnswerFormat& format, std::span<const StageReport* const> stages,
                                      const Question& question);
[[nodiscard]] Answer extracted_answer(const AnswerFormat& format, const QuestionReport& report,
                                      const Question& question);

// The answer that the logits of the option letters give.

[[nodiscard]] Answer scored_answer(const QuestionReport& report);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/read_answer.hpp"
#endif
