// How a text names the options of its question: by their letters, or by their own words.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/answer_text.hpp"

namespace litestage::tasks {

class OptionNames {
 public:
  // The text outlives this.
  OptionNames(const AnswerText& text, std::span<const std::string> options);

  [[nodiscard]] int size() const { return static_cast<int>(options_.size()); }

  // The option whose letter word i is; it may lie beyond the question's. `named`: "option" or the like stands before
  // it.
  //
  // A capital letter counts wherever it is a word of its own, a small one in brackets, quotes or emphasis, after
  // "option", or with a sign after it. A and I are words of English too: with nothing but a blank between them and the
  // next word they only count where that word cannot follow an article ("A because", not "A rock"). Where another
  // option's words come next they are no letter at all ("A desert" is the option "desert"), whatever stands before; nor
  // are they within an option's words ("vitamin C").
  [[nodiscard]] std::optional<int> label(std::size_t i, bool named) const;

  // The words before i call it an option.
  [[nodiscard]] bool is_named(std::size_t i) const;

  struct Match {
    int option;  // no_answer where several options have these words
    std::size_t words;
  };
  // The longest option whose words stand at i. Case does not count, nor do the signs between words.
  [[nodiscard]] std::optional<Match> text_at(std::size_t i) const;

  // The only option whose words stand in [begin, end); nothing where there are none, or those of several. Words within
  // those of a longer option do not count.
  [[nodiscard]] std::optional<int> only_text(std::size_t begin, std::size_t end) const;

 private:
  // "C++", "C#", "A+", "90 %", "A.M.", "P.M.", "U.S."
  [[nodiscard]] bool part_of_sign(std::size_t i) const;
  [[nodiscard]] bool ends_clause(std::size_t i) const { return i + 1 >= text_->size() || !(*text_)[i + 1].spaced; }
  [[nodiscard]] bool ends_sentence(std::size_t i) const;
  // Word i is one of an option's words, and not the first.
  [[nodiscard]] bool within_text(std::size_t i) const;
  [[nodiscard]] bool stands_at(std::size_t i, const std::vector<std::string>& words) const;

  const AnswerText* text_;
  std::vector<std::vector<std::string>> options_;  // [options][words], in lower case
};

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/option_names.hpp"
#endif
