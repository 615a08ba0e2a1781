// Finds options in answers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/option_names.hpp"

namespace litestage::tasks {

LITESTAGE_INLINE OptionNames::OptionNames(const AnswerText& text, std::span<const std::string> options) : text_(&text) {
  for (const std::string& option : options) {
    const AnswerText words(option);
    const bool article = words.size() > 1 && (words.word(0) == "a" || words.word(0) == "an" || words.word(0) == "the");
    options_.emplace_back();
    // A single letter is a label, never an option's text.
    if (words.size() == 1 && words.letter(0) != '\0') continue;
    for (std::size_t i = article ? 1 : 0; i < words.size(); ++i) options_.back().emplace_back(words.word(i));
  }
}

LITESTAGE_INLINE std::optional<int> OptionNames::label(std::size_t i, bool named) const {
  const char c = i < text_->size() ? text_->letter(i) : '\0';
  if (c == '\0' || part_of_sign(i)) return std::nullopt;
  const bool capital = c < 'a';
  const int option = capital ? c - 'A' : c - 'a';
  const bool known = option < size();
  if (text_->enclosed(i)) return capital || !text_->glued(i) ? std::optional(option) : std::nullopt;
  if ((!capital && !named && !known) || (!named && within_text(i))) return std::nullopt;
  const bool english = c == 'A' || c == 'a' || c == 'I' || c == 'i';
  if (ends_clause(i)) return capital || named || !english || ends_sentence(i) ? std::optional(option) : std::nullopt;
  if (const auto text = text_at(i + 1); text && text->option != option) return std::nullopt;
  if (capital && text_at(i + 1)) return option;
  if (english && !(named && c == 'A')) {
    const bool follows = (capital || named) && text_->is(i + 1, WordKind::following);
    return follows ? std::optional(option) : std::nullopt;
  }
  const bool counts = named || (known && (capital || text_->is(i + 1, WordKind::following)));
  return counts ? std::optional(option) : std::nullopt;
}

LITESTAGE_INLINE bool OptionNames::is_named(std::size_t i) const {
  return text_->goes_on(i) && !(*text_)[i].assigned && text_->is(i - 1, WordKind::option | WordKind::answer);
}

LITESTAGE_INLINE std::optional<OptionNames::Match> OptionNames::text_at(std::size_t i) const {
  std::optional<Match> longest;
  for (int o = 0; o < std::ssize(options_); ++o) {
    const std::size_t n = options_[o].size();
    if (n == 0 || (longest && n < longest->words) || !stands_at(i, options_[o])) continue;
    longest = Match{longest && n == longest->words ? no_answer : o, n};
  }
  return longest;
}

LITESTAGE_INLINE std::optional<int> OptionNames::only_text(std::size_t begin, std::size_t end) const {
  std::optional<int> only;
  std::size_t covered = begin;
  for (std::size_t i = begin; i < end; ++i) {
    const std::optional<Match> match = text_at(i);
    if (!match || i + match->words <= covered || i + match->words > end) continue;
    covered = i + match->words;
    if (match->option == no_answer || (only && *only != match->option)) return std::nullopt;
    only = match->option;
  }
  return only;
}

LITESTAGE_INLINE bool OptionNames::part_of_sign(std::size_t i) const {
  const char c = text_->after(i);
  if (c == '+' || c == '#' || c == '%') return true;
  const bool dot_before = text_->before(i) == '.' && text_->glued(i) && i > 0 && text_->letter(i - 1) != '\0';
  const bool dot_after = c == '.' && i + 1 < text_->size() && text_->before(i + 1) == '.' && text_->glued(i + 1);
  return dot_before || (dot_after && text_->letter(i + 1) != '\0');
}

LITESTAGE_INLINE bool OptionNames::ends_sentence(std::size_t i) const {
  const char c = text_->after(i);
  return c == '.' || c == ':' || c == ')' || c == '!';
}

LITESTAGE_INLINE bool OptionNames::within_text(std::size_t i) const {
  constexpr std::size_t longest = 4;
  for (std::size_t back = 1; back < longest && back <= i; ++back) {
    const std::optional<Match> match = text_at(i - back);
    if (match && match->words > back) return true;
  }
  return false;
}

LITESTAGE_INLINE bool OptionNames::stands_at(std::size_t i, const std::vector<std::string>& words) const {
  if (words.size() > text_->size() || i > text_->size() - words.size()) return false;
  for (std::size_t w = 0; w < words.size(); ++w) {
    if (text_->word(i + w) != words[w]) return false;
  }
  return true;
}

}  // namespace litestage::tasks
