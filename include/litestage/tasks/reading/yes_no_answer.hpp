// Reads yes or no from a generated text. "true" and "false" mean the same.
//
// A negation up to three words before, within its part of the sentence, turns the word around: "not true", "isn't
// really true", "not a yes". "no", "true" and "false" do not count where they belong to the word after them: "no
// evidence", "a true story", "false alarm". Words that name both, "yes or no", "true/false", are no answer: a text with
// nothing else does not answer.
#pragma once

#include <optional>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/tasks/reading/answer_places.hpp"

namespace litestage::tasks {

// The first or last yes or no at a place; nothing if there is none.
[[nodiscard]] std::optional<Answer> yes_no_at(const AnswerPlace& place);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/yes_no_answer.hpp"
#endif
