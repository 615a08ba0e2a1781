// How a schedule's last stage states its answer: for extraction from the text, and for scoring option letters.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace litestage {

// Where in a text the letter of the answer stands. Four settings rather than a regular expression: std::regex recurses
// once per character of a text, and every program that includes it waits for its compilation.
struct LetterPattern {
  std::string before;      // what the letter follows; empty: the letter is the text's first word
  bool bracket = false;    // an opening bracket may stand between
  char last = 'Z';         // letters are A to this one
  std::string after = {};  // what follows the letter; empty: anything

  // The first letter found, of the first place that fits.
  [[nodiscard]] std::optional<char> find(std::string_view text) const {
    if (before.empty()) {
      const std::size_t start = text.find_first_not_of(" \t\n\v\f\r");
      if (start == std::string_view::npos) return std::nullopt;
      const std::optional<std::size_t> at = letter_at(text, start);
      return at && !goes_on(text, *at + 1) ? std::optional(text[*at]) : std::nullopt;
    }
    for (std::size_t at = text.find(before); at != std::string_view::npos; at = text.find(before, at + 1)) {
      if (const auto letter = letter_at(text, at + before.size())) return text[*letter];
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] std::optional<std::size_t> letter_at(std::string_view text, std::size_t at) const {
    if (bracket && at < text.size() && text[at] == '(') ++at;
    if (at >= text.size() || text[at] < 'A' || text[at] > last) return std::nullopt;
    return text.substr(at + 1).starts_with(after) ? std::optional(at) : std::nullopt;
  }
  [[nodiscard]] static bool goes_on(std::string_view text, std::size_t at) {
    if (at >= text.size()) return false;
    const char c = text[at];
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  }
};

struct AnswerFormat {
  LetterPattern pattern;      // the first match counts, as in TinyThinker's evaluation (generate.py:148)
  std::string probe;          // appended to the last stage's prompt to score letters
  std::string letter_prefix;  // option i is scored as the token of letter_prefix + letter
};

}  // namespace litestage
