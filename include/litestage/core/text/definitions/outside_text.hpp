// Escapes and truncates text from outside.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"

namespace litestage {

LITESTAGE_INLINE std::size_t append_shown(std::string& out, std::string_view text) {
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

LITESTAGE_INLINE std::string shown(std::string_view text, std::size_t longest) {
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

LITESTAGE_INLINE std::string in_quotes(std::string_view text, std::size_t longest) {
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
