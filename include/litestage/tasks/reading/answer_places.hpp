// The places of a text in which its answer may stand, for answers that are no letters: in a LaTeX box, after given
// words, or anywhere.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/prompt/answer_format.hpp"

namespace litestage::tasks {

struct AnswerPlace {
  std::string_view text;
  TakenMatch take = TakenMatch::first;  // which match of this text is the answer
  bool stated = true;                   // whether the text says that the answer stands here
};

// The places in order of precedence; the answer is that of the first place that has one. `text` outlives the result.
//
//   1. What the last \boxed{...} holds, up to the end of the text if it is not closed (a stop string may have cut it).
//   2. The rest of the sentence or line whose opening are the first `n_opening` bytes (AnswerFormat::opening).
//   3. What follows the words AnswerFormat::after: the first match after their last occurrence, or after their first
//      one with TakenMatch::first. Occurrences without a match before the next one are passed over.
//   4. The first or last match in the whole text, as AnswerFormat::take says.
[[nodiscard]] std::vector<AnswerPlace> answer_places(const AnswerFormat& format, std::string_view text,
                                                     std::size_t n_opening);

// The end of the first sentence or line that is not blank. A full stop ends a sentence if white space or nothing
// follows it, unless it stands after a single letter ("J. K.") or a title ("Dr.").
[[nodiscard]] std::size_t sentence_end(std::string_view text);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/answer_places.hpp"
#endif
