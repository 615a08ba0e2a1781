// Text that comes from outside (a file, a model, a command line) on its way to a person. A terminal obeys some
// characters, and a file may hold a megabyte where a name is expected: what is shown is escaped and cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage {

// Whether a terminal may take the character for a command, or for an order to write from right to left.
[[nodiscard]] constexpr bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Appends the first character of `text`, which is not empty, and says how many bytes it has. Control characters become
// \n, \t, \r, \x1b or \u202e, a byte that belongs to no character \xff.
[[nodiscard]] std::size_t append_shown(std::string& out, std::string_view text);

// `text` on one line. What is longer than `longest` bytes when shown ends in "...".
[[nodiscard]] std::string shown(std::string_view text, std::size_t longest = 80);

// The same between quotation marks; quotation marks and backslashes in it have a backslash before them.
[[nodiscard]] std::string in_quotes(std::string_view text, std::size_t longest = 80);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/core/definitions/outside_text.hpp"
#endif
