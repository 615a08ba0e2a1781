// What filters and methods do to text. Each character of a result keeps the author that it had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/value.hpp"

namespace litestage::io::jinja {

class RenderState;

enum class Side : std::uint8_t { left, right, both };

// Without characters of `set` at its ends; null: without white space.
[[nodiscard]] MarkedText stripped(const MarkedText& text, const MarkedText* set, Side side);

// With `replacement` for the first `most` occurrences of `part`, for all if `most` is negative.
[[nodiscard]] MarkedText replaced(const MarkedText& text, const MarkedText& part, const MarkedText& replacement,
                                  std::int64_t most, RenderState& state);

// The pieces between occurrences of `separator`, or with null between runs of white space, as Python's split. At most
// `most` cuts are made, any number if it is negative, from the left or the right side on.
[[nodiscard]] Values split(const MarkedText& text, const MarkedText* separator, std::int64_t most, Side from,
                           RenderState& state);
[[nodiscard]] Values split_lines(const MarkedText& text, bool keep_ends, RenderState& state);

// title: letters after other characters than letters in upper case, as Python's method; word_beginnings: those after
// white space, - and opening brackets, as Jinja's filter `title`.
enum class LetterCase : std::uint8_t { upper, lower, capitalized, title, word_beginnings };
[[nodiscard]] MarkedText in_case(const MarkedText& text, LetterCase letter_case);

[[nodiscard]] std::int64_t occurrences(std::string_view text, std::string_view part, RenderState& state);

// With `width` blanks, or another prefix, before every line but the first; as the filter `indent`.
[[nodiscard]] MarkedText indented(const MarkedText& text, const MarkedText& prefix, bool first, bool blank,
                                  RenderState& state);

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/functions/definitions/text_operations.hpp"
#endif
