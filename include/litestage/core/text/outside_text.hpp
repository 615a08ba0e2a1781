// Prepares text from outside (a file, a model, a command line) for display. A terminal obeys some characters, and a
// file may hold a megabyte where a name is expected, so displayed text is escaped and truncated.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage {

// Whether the character is a terminal control character or changes the writing direction.
[[nodiscard]] constexpr bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Appends the first character of `text` (not empty) in escaped form and returns how many bytes it has in `text`.
// Control characters become \n, \t, \r, \x1b or \u202e; a byte that is not valid UTF-8 becomes \xff.
[[nodiscard]] std::size_t append_shown(std::string& out, std::string_view text);

// `text`, escaped, on one line. If it is longer than `longest` bytes when escaped, it is cut and ends in "...".
[[nodiscard]] std::string shown(std::string_view text, std::size_t longest = 80);

// The same in quotation marks; quotation marks and backslashes inside are escaped with a backslash.
[[nodiscard]] std::string in_quotes(std::string_view text, std::size_t longest = 80);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/core/text/definitions/outside_text.hpp"
#endif
