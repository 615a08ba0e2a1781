// The answer that a text of an instruction-tuned model gives to a multiple-choice question.
//
// Statements outrank everything else, and the last one counts: a model that changes its mind says so at the end. One
// that names a letter beyond the options, or several options at once, is no answer, whatever was said before. A
// statement that names nothing ("the answer is a matter of taste") is none.
//
// Where nothing is stated, the text may begin with a letter ("B. Desert"), be the words of an option ("Desert"), or
// mention options. Mentions only count if all that are not rejected are of one option: a text that weighs several
// without a conclusion has not answered, and the first or the last of them would be an artefact of their order.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/answer_statements.hpp"
#include "litestage/tasks/answer_text.hpp"
#include "litestage/tasks/option_names.hpp"

namespace litestage::tasks {

// The index of an option, or no_answer. `opening`: the end of the prompt, where the text goes on with its sentence ("So
// the answer is option"); what completes it outranks all that follows.
[[nodiscard]] int stated_answer(std::string_view written, std::span<const std::string> options,
                                std::string_view opening = {});

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/stated_answer.hpp"
#endif
