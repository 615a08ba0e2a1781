// Rewrites a generated text so that its numbers and the operators between them are plain ASCII: removes Markdown and
// LaTeX, and the calculator annotations <<3*4=12>> of GSM8K.
//
//   \frac{1}{2}, \dfrac12 -> 1/2    \times, \cdot, U+00D7 -> *      \div, U+00F7 -> /       \approx, U+2248 -> =
//   {,} and \, and U+202F between digits -> ,                      \% -> %                 \$, EUR, GBP, JPY signs -> $
//   U+2212 and hyphens -> -         **18** -> 18                   U+00BD (a half) -> 1/2   \text{x} -> x
//   \pi and \sqrt -> x, a variable, because what they make of a number beside them is not read
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::tasks {

// Time is linear in the length of the text.
[[nodiscard]] std::string plain_numbers(std::string_view written);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/number_text.hpp"
#endif
