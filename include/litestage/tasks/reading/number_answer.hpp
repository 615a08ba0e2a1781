// Reads a number from a generated text as an exact rational in lowest terms.
//
// Numbers are read as written_numbers.hpp says. Numbers with operators between them are one expression, with units or
// without: "16-3-4=9 eggs", "9 eggs * $2 per egg = $18", "3 plus 4 equals 7". Its value is the number after the last
// equals sign. Number words ("eighteen") are not read, and nothing is calculated.
//
// An ambiguous expression is no answer, whatever else the text says:
//   - an expression without a result: "16-3-4", "5-6", "12 / 4", one whose result is an expression again ("= 3 * 4"),
//     and one that was cut off ("12 * 3 =");
//   - several numbers joined to one answer: "18 or 20", "5 to 6", "3, 4 and 5", "1 234", "2 hours and 30 minutes",
//     "5 feet 6 inches";
//   - a number without a value: "1,23", "12:30", "80k", "1.2.3", "2e5", or one that does not fit 64 bits.
#pragma once

#include <optional>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer.hpp"
#include "litestage/tasks/reading/answer_places.hpp"

namespace litestage::tasks {

// The first or last expression at a place; an empty Answer if it is ambiguous, nothing if there is no number.
// `percent_is_number`: "50 %" is read as "50" instead of "50%".
[[nodiscard]] std::optional<Answer> number_at(const AnswerPlace& place, bool percent_is_number);

// The number that is the whole text, up to signs, spaces and a full stop; nothing for any other text. Gold answers are
// read by it.
[[nodiscard]] std::optional<Answer> whole_number(std::string_view text, bool percent_is_number);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/number_answer.hpp"
#endif
