// Lenient UTF-8: how tokenizers treat invalid bytes, and the white space that templates trim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace litestage {

inline constexpr char32_t replacement_character = 0xFFFD;
inline constexpr std::string_view replacement_text = "\xEF\xBF\xBD";

struct CodePoint {
  char32_t value = 0;
  std::size_t length = 0;  // in bytes; 0 if the bytes are not a valid character
};

// The length in bytes of a character with this first byte; 0 if no character starts with it.
[[nodiscard]] constexpr std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC0) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  return lead < 0xF8 ? 4 : 0;
}

// The character at the front of `text`, decoded by its bit pattern alone, as in llama.cpp (src/unicode.cpp): overlong
// forms and surrogates are accepted, code points above U+10FFFF are not.
[[nodiscard]] inline CodePoint lenient_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = utf8_length(lead);
  if (length == 1) return {lead, 1};
  if (length == 0 || length > text.size()) return {};
  char32_t value = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte & 0x3Fu);
  }
  return value > 0x10FFFF ? CodePoint{} : CodePoint{value, length};
}

[[nodiscard]] constexpr bool is_surrogate(char32_t value) {
  return value >= 0xD800 && value < 0xE000;
}

// The character at the front of `text`, strictly by the standard: no overlong forms, no surrogates.
[[nodiscard]] inline CodePoint strict_code_point(std::string_view text) {
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const CodePoint found = lenient_code_point(text);
  if (found.length == 0 || found.value < smallest[found.length] || is_surrogate(found.value)) return {};
  return found;
}

inline void append_utf8(std::string& out, char32_t value) {
  const auto tail = [&](unsigned shift) { out += static_cast<char>(0x80 | ((value >> shift) & 0x3F)); };
  if (value < 0x80) {
    out += static_cast<char>(value);
  } else if (value < 0x800) {
    out += static_cast<char>(0xC0 | (value >> 6));
    tail(0);
  } else if (value < 0x10000) {
    out += static_cast<char>(0xE0 | (value >> 12));
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | (value >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

// `text` with every invalid byte replaced by U+FFFD. Surrogates are kept, because byte-level tokenizers can write their
// three bytes.
[[nodiscard]] inline std::string repaired(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint found = lenient_code_point(text);
    append_utf8(out, found.length == 0 ? replacement_character : found.value);
    text.remove_prefix(found.length == 0 ? 1 : found.length);
  }
  return out;
}

// Text that `repaired` returned, with every surrogate replaced by U+FFFD, which keeps the length.
[[nodiscard]] inline std::string without_surrogates(std::string text) {
  for (std::size_t at = text.find('\xED'); at != std::string::npos; at = text.find('\xED', at + 1)) {
    if (static_cast<unsigned char>(text[at + 1]) >= 0xA0) text.replace(at, 3, replacement_text);
  }
  return text;
}

// Python's str.isspace, which defines what str.strip and Jinja's trim remove.
[[nodiscard]] constexpr bool is_python_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Without ASCII white space at either end.
[[nodiscard]] constexpr std::string_view trimmed_ascii(std::string_view text) {
  constexpr std::string_view white = " \t\n\v\f\r";
  const std::size_t first = text.find_first_not_of(white);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(white) - first + 1);
}

// Without white space of Unicode at either end.
[[nodiscard]] inline std::string_view trimmed(std::string_view text) {
  std::size_t begin = 0, end = 0;  // of the text that remains after trimming
  bool started = false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint found = lenient_code_point(text.substr(at));
    const std::size_t length = found.length == 0 ? 1 : found.length;
    if (found.length == 0 || !is_python_space(found.value)) {
      if (!started) begin = at;
      started = true;
      end = at + length;
    }
    at += length;
  }
  return text.substr(begin, end - begin);
}

}  // namespace litestage
