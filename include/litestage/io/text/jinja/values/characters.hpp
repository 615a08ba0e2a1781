// The characters of UTF-8 text, as Python's strings see them: counted, cut, and in upper and lower case. A byte that is
// not valid UTF-8 counts as one character.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/text/utf8.hpp"

namespace litestage::io::jinja {

// The first character of `text`, which is not empty. Its length is at least 1; an invalid byte has a value above
// U+10FFFF.
inline constexpr char32_t invalid_byte = 0x110000;
[[nodiscard]] inline CodePoint first_character(std::string_view text) {
  const CodePoint found = lenient_code_point(text);
  return found.length == 0 ? CodePoint{invalid_byte, 1} : found;
}

[[nodiscard]] std::size_t character_count(std::string_view text);
// Where character `index` begins; the end of the text if there are not so many.
[[nodiscard]] std::size_t character_start(std::string_view text, std::size_t index);
// Where each character begins, and the end of the text.
[[nodiscard]] std::vector<std::size_t> character_starts(std::string_view text);

// The other case of a letter, or the character itself. Known are the letters of today's Latin, Greek, Cyrillic and
// Armenian alphabets whose other case is one character.
[[nodiscard]] char32_t to_upper(char32_t c);
[[nodiscard]] char32_t to_lower(char32_t c);
[[nodiscard]] inline bool is_upper(char32_t c) {
  return to_lower(c) != c;
}
[[nodiscard]] inline bool is_lower(char32_t c) {
  return to_upper(c) != c || c == 0xDF;
}

}  // namespace litestage::io::jinja

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/jinja/values/definitions/characters.hpp"
#endif
