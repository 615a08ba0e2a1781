// Normalises texts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/text/utf8.hpp"
#include "litestage/tasks/reading/normal_text.hpp"
#include "litestage/tasks/reading/plain_text.hpp"

namespace litestage::tasks {

namespace detail {

[[nodiscard]] constexpr char32_t lower_letter(char32_t c) {
  const bool ascii = c >= 'A' && c <= 'Z', latin = c >= 0xC0 && c <= 0xDE && c != 0xD7,
             greek = c >= 0x391 && c <= 0x3A9 && c != 0x3A2, cyrillic = c >= 0x410 && c <= 0x42F;
  if (ascii || latin || greek || cyrillic) return c + 0x20;
  return c >= 0x400 && c <= 0x40F ? c + 0x50 : c;
}

[[nodiscard]] constexpr bool is_punctuation(char32_t c) {
  return (c > 0x20 && c < '0') || (c > '9' && c < 'A') || (c > 'Z' && c < 'a') || (c > 'z' && c < 0x7F);
}

// Whether Python's \w matches the character, nearly: letters and digits of all alphabets. Beyond Latin-1 everything
// counts except general punctuation and symbols.
[[nodiscard]] constexpr bool is_word_character(char32_t c) {
  const bool ascii = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  const bool latin = c == 0xAA || c == 0xB2 || c == 0xB3 || c == 0xB5 || (c >= 0xB9 && c <= 0xBE && c != 0xBB) ||
                     (c >= 0xC0 && c != 0xD7 && c != 0xF7);
  return ascii || (latin && !(c >= 0x2000 && c <= 0x206F) && !(c >= 0x2190 && c <= 0x2BFF) && c != 0x3000);
}

// Without LaTeX commands whose argument follows: "\text{Paris}" becomes "Paris}".
[[nodiscard]] inline std::string without_commands(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i + 1;
    while (text[i] == '\\' && end < text.size() && is_ascii_letter(text[end])) ++end;
    const bool command = end > i + 1 && end < text.size() && text[end] == '{';
    if (command)
      i = end + 1;
    else
      out += text[i++];
  }
  return out;
}

// Adds a word unless it is an article. Words that were joined by no space stay so: "l" + "\u2019" + "eau".
class NormalText {
 public:
  void add(char32_t c) {
    if (is_word_character(c)) return append_utf8(word_, c);
    end_word();
    if (is_python_space(c)) {
      space_ = true;
    } else {
      put_space();
      append_utf8(text_, c);
    }
  }
  [[nodiscard]] std::string take() {
    end_word();
    return std::move(text_);
  }

 private:
  void end_word() {
    if (word_ == "a" || word_ == "an" || word_ == "the") {
      space_ = true;
    } else if (!word_.empty()) {
      put_space();
      text_ += word_;
    }
    word_.clear();
  }
  void put_space() {
    if (space_ && !text_.empty()) text_ += ' ';
    space_ = false;
  }

  std::string text_, word_;
  bool space_ = false;
};

}  // namespace detail

LITESTAGE_INLINE std::string normal_text(std::string_view text) {
  detail::NormalText normal;
  while (!text.empty()) {
    const CodePoint found = lenient_code_point(text);
    const char32_t c = found.length == 0 ? replacement_character : detail::lower_letter(found.value);
    if (!detail::is_punctuation(c)) normal.add(c);
    text.remove_prefix(found.length == 0 ? 1 : found.length);
  }
  return normal.take();
}

LITESTAGE_INLINE std::optional<Answer> text_at(const AnswerPlace& place) {
  std::optional<Answer> taken;
  std::string_view rest = place.text;
  while (!rest.empty()) {
    const std::size_t end = sentence_end(rest);
    std::string text = normal_text(detail::without_commands(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.empty()) continue;
    taken = Answer{std::move(text)};
    if (place.take == TakenMatch::first) break;
  }
  return taken;
}

}  // namespace litestage::tasks
