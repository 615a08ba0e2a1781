// What each kind of answer means: how it is read from a generated text, and from a data set.
#pragma once

#include <optional>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/prompt/answer_format.hpp"

namespace litestage::tasks {

// The answer that a generated text gives, for any kind except `letter`, whose reading needs the options
// (read_answer.hpp); empty if there is none or it is ambiguous. Where it may stand says reading/answer_places.hpp.
[[nodiscard]] Answer read_as(AnswerKind kind, const AnswerFormat& format, std::string_view text,
                             bool percent_is_number = false);

// The canonical form of an answer that is the whole text, as data sets write it; nothing if the text is none of this
// kind. A letter is one capital letter.
[[nodiscard]] std::optional<Answer> canonical_answer(AnswerKind kind, std::string_view text,
                                                     bool percent_is_number = false);

// What canonical_answer accepts, for messages: "a number".
[[nodiscard]] std::string_view expected_answer(AnswerKind kind);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/answer_kinds.hpp"
#endif
