// How a text names the options of its question: by their letters, or by their own words.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/answer_text.hpp"

namespace litestage::tasks {

class OptionNames {
 public:
  // The text outlives this.
  OptionNames(const AnswerText& text, std::span<const std::string> options) : text_(&text) {
    for (const std::string& option : options) {
      const AnswerText words(option);
      const bool article =
          words.size() > 1 && (words.word(0) == "a" || words.word(0) == "an" || words.word(0) == "the");
      options_.emplace_back();
      // A letter alone is a label, never a text.
      if (words.size() == 1 && words.letter(0) != '\0') continue;
      for (std::size_t i = article ? 1 : 0; i < words.size(); ++i) options_.back().emplace_back(words.word(i));
    }
  }

  [[nodiscard]] int size() const { return static_cast<int>(options_.size()); }

  // The option whose letter word i is; it may lie beyond the question's. `named`: "option" or the like stands before
  // it.
  //
  // A capital letter counts wherever it is a word of its own, a small one in brackets, quotes or emphasis, after
  // "option", or with a sign after it. A and I are words of English too: with nothing but a blank between them and the
  // next word they only count where that word cannot follow an article ("A because", not "A rock"). Where another
  // option's words come next they are no letter at all ("A desert" is the option "desert"), whatever stands before; nor
  // are they within an option's words ("vitamin C").
  [[nodiscard]] std::optional<int> label(std::size_t i, bool named) const {
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

  // The words before i call it an option.
  [[nodiscard]] bool is_named(std::size_t i) const {
    return text_->goes_on(i) && !(*text_)[i].assigned && text_->is(i - 1, WordKind::option | WordKind::answer);
  }

  struct Match {
    int option;  // no_answer where several options have these words
    std::size_t words;
  };
  // The longest option whose words stand at i. Case does not count, nor do the signs between words.
  [[nodiscard]] std::optional<Match> text_at(std::size_t i) const {
    std::optional<Match> longest;
    for (std::size_t o = 0; o < options_.size(); ++o) {
      const std::size_t n = options_[o].size();
      if (n == 0 || (longest && n < longest->words) || !stands_at(i, options_[o])) continue;
      longest = Match{longest && n == longest->words ? no_answer : static_cast<int>(o), n};
    }
    return longest;
  }

  // The only option whose words stand in [begin, end); nothing where there are none, or those of several. Words within
  // those of a longer option do not count.
  [[nodiscard]] std::optional<int> only_text(std::size_t begin, std::size_t end) const {
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

 private:
  // "C++", "C#", "A+", "90 %", "A.M.", "P.M.", "U.S."
  [[nodiscard]] bool part_of_sign(std::size_t i) const {
    const char c = text_->after(i);
    if (c == '+' || c == '#' || c == '%') return true;
    const bool dot_before = text_->before(i) == '.' && text_->glued(i) && i > 0 && text_->letter(i - 1) != '\0';
    const bool dot_after = c == '.' && i + 1 < text_->size() && text_->before(i + 1) == '.' && text_->glued(i + 1);
    return dot_before || (dot_after && text_->letter(i + 1) != '\0');
  }
  [[nodiscard]] bool ends_clause(std::size_t i) const { return i + 1 >= text_->size() || !(*text_)[i + 1].spaced; }
  [[nodiscard]] bool ends_sentence(std::size_t i) const {
    const char c = text_->after(i);
    return c == '.' || c == ':' || c == ')' || c == '!';
  }
  // Word i is one of an option's words, and not the first.
  [[nodiscard]] bool within_text(std::size_t i) const {
    constexpr std::size_t longest = 4;
    for (std::size_t back = 1; back < longest && back <= i; ++back) {
      const std::optional<Match> match = text_at(i - back);
      if (match && match->words > back) return true;
    }
    return false;
  }
  [[nodiscard]] bool stands_at(std::size_t i, const std::vector<std::string>& words) const {
    if (words.size() > text_->size() || i > text_->size() - words.size()) return false;
    for (std::size_t w = 0; w < words.size(); ++w) {
      if (text_->word(i + w) != words[w]) return false;
    }
    return true;
  }

  const AnswerText* text_;
  std::vector<std::vector<std::string>> options_;  // [options][words], in lower case
};

}  // namespace litestage::tasks
