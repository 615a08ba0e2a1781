// Converts generated text to plain text: removes Markdown, LaTeX and HTML marks and replaces typographic signs by
// ASCII. The result is for finding words, not for display: columns and spaces are not preserved.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace litestage::tasks {

// ---- the characters of plain text ----

[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_ascii_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}
[[nodiscard]] constexpr bool is_ascii(char c) {
  return static_cast<unsigned char>(c) < 0x80;
}
// Whether a byte is part of a word. In plain text, all bytes beyond ASCII belong to letters.
[[nodiscard]] constexpr bool is_word_byte(char c) {
  return is_ascii_letter(c) || is_digit(c) || !is_ascii(c);
}

namespace detail {

struct Sign {
  std::string_view utf8, ascii;
};
inline constexpr std::array<Sign, 24> signs = {{
    {"\u2018", "'"},   {"\u2019", "'"},   {"\u201B", "'"},   {"\u2032", "'"},  {"\u201C", "\""}, {"\u201D", "\""},
    {"\u201E", "\""},  {"\u00AB", "\""},  {"\u00BB", "\""},  {"\u300C", "\""}, {"\u300D", "\""}, {"\u3010", "("},
    {"\u3011", ")"},   {"\u3002", ". "},  {"\u3001", ", "},  {"\u2010", "-"},  {"\u2011", "-"},  {"\u2013", " - "},
    {"\u2014", " - "}, {"\u2192", " : "}, {"\u21D2", " : "}, {"\u2028", "\n"}, {"\u2029", "\n"}, {"\u2212", "-"},
}};
inline constexpr std::array<std::string_view, 5> without_width = {"\u200B", "\u200C", "\u200D", "\u2060", "\uFEFF"};

// The length in bytes of the character at the front of `text` by its first byte; 1 if it is not valid UTF-8.
[[nodiscard]] inline std::size_t character_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
  if (length > text.size()) return 1;
  for (const char c : text.substr(1, length - 1)) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) return 1;
  }
  return length;
}

// Converts one character beyond ASCII. Letters of alphabets are kept; an ideograph becomes a separate word; all other
// characters that are neither letters nor known signs (emoji, symbols, invalid bytes) become a space.
inline void append_as_ascii(std::string& out, std::string_view character) {
  for (const Sign& sign : signs) {
    if (sign.utf8 == character) {
      out += sign.ascii;
      return;
    }
  }
  if (std::find(without_width.begin(), without_width.end(), character) != without_width.end()) return;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 3 && byte(0) == 0xEF && (byte(1) == 0xBC || byte(1) == 0xBD) && byte(2) < 0xC0) {
    const int wide = byte(1) == 0xBC ? byte(2) - 0x60 : byte(2) - 0x20;  // full-width forms of "!" to "~"
    out += wide > ' ' && wide < 0x7F ? static_cast<char>(wide) : ' ';
  } else if ((character.size() == 2 && byte(0) > 0xC2) || (character.size() == 3 && byte(0) < 0xE2)) {
    out += character;
  } else if (character.size() >= 3 && character >= "\u3041" && (byte(0) < 0xEE || character >= "\U00020000")) {
    out.append(" ").append(character).append(" ");
  } else {
    out += ' ';
  }
}

[[nodiscard]] inline std::string signs_as_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (is_ascii(text.front())) {
      out += text.front();
    } else {
      append_as_ascii(out, text.substr(0, length));
    }
    text.remove_prefix(length);
  }
  return out;
}

// The length of an HTML tag like "<b>" or "</strong>". "<B>" is not a tag but a letter in brackets.
[[nodiscard]] inline std::size_t tag_length(std::string_view text) {
  constexpr std::size_t longest = 16;
  std::size_t i = 1;
  if (i < text.size() && text[i] == '/') ++i;
  const std::size_t name = i;
  while (i < text.size() && i < longest && text[i] >= 'a' && text[i] <= 'z') ++i;
  return i > name && i < text.size() && text[i] == '>' ? i + 1 : 0;
}

// The length of a mark that only changes how text looks; 0 if there is none at `at`. An underscore inside a word is
// part of the word.
[[nodiscard]] inline std::size_t mark_length(std::string_view text, std::size_t at) {
  if (at >= text.size()) return 0;
  const char c = text[at];
  if (c == '*' || c == '`' || c == '~' || c == '$') return 1;
  if (c == '_')
    return at > 0 && is_word_byte(text[at - 1]) && at + 1 < text.size() && is_word_byte(text[at + 1]) ? 0 : 1;
  return c == '<' ? tag_length(text.substr(at)) : 0;
}

[[nodiscard]] inline std::size_t end_of_marks(std::string_view text, std::size_t at) {
  for (std::size_t length = mark_length(text, at); length > 0; length = mark_length(text, at)) at += length;
  return at;
}

// The length of a LaTeX command whose argument follows ("\boxed" in "\boxed{B}"); for any other backslash 1.
[[nodiscard]] inline std::size_t command_length(std::string_view text) {
  std::size_t i = 1;
  while (i < text.size() && is_ascii_letter(text[i])) ++i;
  return i < text.size() && text[i] == '{' ? i : 1;
}

// A letter that is set off only by marks, "**B**", becomes a letter in brackets: "(B)".
[[nodiscard]] inline std::string without_marks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    const std::size_t inner = end_of_marks(text, i);
    if (inner > i) {
      const std::size_t outer = inner < text.size() && is_ascii_letter(text[inner]) ? end_of_marks(text, inner + 1) : 0;
      const bool alone = outer > inner + 1 && (out.empty() || !is_word_byte(out.back())) &&
                         (outer == text.size() || !is_word_byte(text[outer]));
      if (alone) out.append("(").append(1, text[inner]).append(")");
      i = alone ? outer : inner;
    } else if (c == '\\') {
      i += command_length(text.substr(i));
    } else {
      out += c == '{' || c == '[' ? '(' : c == '}' || c == ']' ? ')' : c == '\t' || c == '\r' ? ' ' : c;
      ++i;
    }
  }
  return out;
}

}  // namespace detail

[[nodiscard]] inline std::string plain_text(std::string_view written) {
  return detail::without_marks(detail::signs_as_ascii(written));
}

}  // namespace litestage::tasks
