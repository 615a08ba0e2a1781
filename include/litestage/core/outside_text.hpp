// Text that comes from outside (a file, a model, a command line) on its way to a person. A terminal obeys some
// characters, and a file may hold a megabyte where a name is expected: what is shown is escaped and cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/utf8.hpp"

namespace litestage {

// Whether a terminal may take the character for a command, or for an order to write from right to left.
[[nodiscard]] constexpr bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

// Appends the first character of `text`, which is not empty, and says how many bytes it has. Control characters become
// \n, \t, \r, \x1b or \u202e, a byte that belongs to no character \xff.
[[nodiscard]] inline std::size_t append_shown(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto hexadecimal_digits = [&](char32_t value, int n) {
    for (int i = n - 1; i >= 0; --i) out += digits[(value >> (4 * i)) & 0xF];
  };
  const CodePoint c = strict_code_point(text);
  if (c.length == 0) {
    out += "\\x";
    hexadecimal_digits(static_cast<unsigned char>(text.front()), 2);
    return 1;
  }
  if (!is_control(c.value)) {
    out += text.substr(0, c.length);
  } else if (c.value == '\n' || c.value == '\t' || c.value == '\r') {
    out += c.value == '\n' ? "\\n" : c.value == '\t' ? "\\t" : "\\r";
  } else {
    out += c.value < 0x80 ? "\\x" : "\\u";
    hexadecimal_digits(c.value, c.value < 0x80 ? 2 : 4);
  }
  return c.length;
}

// `text` on one line. What is longer than `longest` bytes when shown ends in "...".
[[nodiscard]] inline std::string shown(std::string_view text, std::size_t longest = 80) {
  std::string out;
  while (!text.empty()) {
    const std::size_t before = out.size();
    text.remove_prefix(append_shown(out, text));
    if (out.size() <= longest) continue;
    out.resize(before);
    return out + "...";
  }
  return out;
}

// The same between quotation marks; quotation marks and backslashes in it have a backslash before them.
[[nodiscard]] inline std::string in_quotes(std::string_view text, std::size_t longest = 80) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t before = out.size();
    if (text.front() == '"' || text.front() == '\\') out += '\\';
    text.remove_prefix(append_shown(out, text));
    if (out.size() <= longest + 1) continue;
    out.resize(before);
    return out + "...\"";
  }
  return out + '"';
}

}  // namespace litestage
