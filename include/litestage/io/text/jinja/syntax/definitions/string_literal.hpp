// Reading of escapes.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/jinja/syntax/string_literal.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"

namespace litestage::io::jinja {

namespace detail {

// Appends the character that the digits at `at` name, and returns the position after them; npos if they name none.
[[nodiscard]] inline std::size_t append_numbered(std::string& out, std::string_view literal, std::size_t at,
                                                 std::size_t most_digits, int base) {
  std::uint32_t value = 0;
  const std::string_view digits = literal.substr(at, most_digits);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const auto count = static_cast<std::size_t>(end - digits.data());
  const bool is_complete = base == 8 ? count > 0 : count == most_digits;
  if (error != std::errc{} || !is_complete || value > 0x10FFFF || is_surrogate(value)) return std::string_view::npos;
  append_utf8(out, value);
  return at + count;
}

// Appends what the escape with the character at `at` stands for, and returns the position after it; npos if it stands
// for nothing.
[[nodiscard]] inline std::size_t append_escape(std::string& out, std::string_view literal, std::size_t at) {
  constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
  const char c = literal[at];
  const std::size_t simple = letters.find(c);
  if (simple != std::string_view::npos) {
    out += meanings[simple];
    return at + 1;
  }
  if (c == 'x') return append_numbered(out, literal, at + 1, 2, 16);
  if (c == 'u') return append_numbered(out, literal, at + 1, 4, 16);
  if (c == 'U') return append_numbered(out, literal, at + 1, 8, 16);
  if (c >= '0' && c <= '7') return append_numbered(out, literal, at, 3, 8);
  if (c == 'N') return std::string_view::npos;  // \N{name of a character}
  if (c != '\n') {                              // a line break after a backslash is nothing, other characters stay
    out += '\\';
    out += c;
  }
  return at + 1;
}

}  // namespace detail

LITESTAGE_INLINE std::string unescaped(std::string_view literal, std::string_view name, int line) {
  std::string out;
  for (std::size_t at = 0; at < literal.size();) {
    if (literal[at] != '\\' || at + 1 == literal.size()) {
      out += literal[at++];
      continue;
    }
    const std::size_t next = detail::append_escape(out, literal, at + 1);
    if (next == std::string_view::npos) {
      fail_at(name, line,
              concat("found the escape ", in_quotes(literal.substr(at, 6)),
                     " in a string, expected one that names a character by its number"));
    }
    at = next;
  }
  return out;
}

}  // namespace litestage::io::jinja
