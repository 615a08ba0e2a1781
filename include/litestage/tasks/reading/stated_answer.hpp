// Extracts the answer to a multiple-choice question from the text of an instruction-tuned model.
//
// Statements take precedence over everything else, and the last one counts, because a model that changes its mind says
// so at the end. A statement that names a letter beyond the options, or several options at once, is no answer, whatever
// came before. A statement that names no option ("the answer is a matter of taste") is ignored.
//
// Without a statement, the answer is a letter at the beginning of the text ("B. Desert"), a text that consists of an
// option's words ("Desert"), or a mentioned option. Mentions count only if all that are not rejected name the same
// option: a text that weighs several options without a conclusion has not answered, and the first or last of them would
// be an artefact of their order.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/reading/answer_statements.hpp"
#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/option_names.hpp"

namespace litestage::tasks {

// The index of an option, or no_answer. `opening` is the end of the prompt if the text continues its sentence ("So the
// answer is option"); an answer that completes this sentence takes precedence over everything after it.
[[nodiscard]] int stated_answer(std::string_view written, std::span<const std::string> options,
                                std::string_view opening = {});

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/stated_answer.hpp"
#endif
