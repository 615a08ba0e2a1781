// Normalises texts as SQuAD's official evaluation does, so that answers that differ only in case, punctuation, articles
// or spaces are equal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/tasks/reading/answer_places.hpp"

namespace litestage::tasks {

// SQuAD's evaluate-v1.1.py, normalize_answer: lower case; the 32 punctuation marks of ASCII are deleted ("twenty-one"
// becomes "twentyone"); the words a, an and the become a space; runs of white space become one space, none at the ends.
// Case is changed for ASCII, Latin-1, Greek and Cyrillic letters; other letters keep theirs, which is ours.
[[nodiscard]] std::string normal_text(std::string_view text);

// The text of a place up to the end of its line or sentence (answer_places.hpp), normalised; with TakenMatch::last that
// of its last sentence. Nothing if that leaves no text.
[[nodiscard]] std::optional<Answer> text_at(const AnswerPlace& place);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/normal_text.hpp"
#endif
