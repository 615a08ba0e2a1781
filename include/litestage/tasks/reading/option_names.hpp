// Finds the options of a question in a text, by their letters or by their own words.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/reading/answer_text.hpp"

namespace litestage::tasks {

class OptionNames {
 public:
  // `text` outlives this object.
  OptionNames(const AnswerText& text, std::span<const std::string> options);

  [[nodiscard]] int size() const { return static_cast<int>(options_.size()); }

  // The option whose letter is word i; the letter may be beyond the options of the question. `named`: a word like
  // "option" precedes it.
  //
  // A capital letter counts wherever it is a separate word; a small one counts in brackets, quotes or emphasis, after
  // "option", or before a punctuation sign. A and I are also English words: if only a space separates them from the
  // next word, they count only if that word cannot follow an article ("A because", not "A rock"). A letter
  // directly before the words of a different option does not count ("A desert" is the option "desert"), and neither
  // does a letter within an option's words ("vitamin C").
  [[nodiscard]] std::optional<int> label(std::size_t i, bool named) const;

  // Whether a word such as "option" stands before word i, so that word i is called an option.
  [[nodiscard]] bool is_named(std::size_t i) const;

  struct Match {
    int option;  // no_answer if several options have these words
    std::size_t words;
  };
  // The longest option whose words begin at word i. Case and punctuation between words are ignored.
  [[nodiscard]] std::optional<Match> text_at(std::size_t i) const;

  // The only option whose words occur in [begin, end); empty if no option or several options occur. Words inside a
  // longer option's words do not count.
  [[nodiscard]] std::optional<int> only_text(std::size_t begin, std::size_t end) const;

 private:
  // Whether word i is part of a sign: "C++", "C#", "A+", "90 %", "A.M.", "P.M.", "U.S."
  [[nodiscard]] bool part_of_sign(std::size_t i) const;
  [[nodiscard]] bool ends_clause(std::size_t i) const { return i + 1 >= text_->size() || !(*text_)[i + 1].spaced; }
  [[nodiscard]] bool ends_sentence(std::size_t i) const;
  // Whether word i is one of an option's words, but not the first.
  [[nodiscard]] bool within_text(std::size_t i) const;
  [[nodiscard]] bool stands_at(std::size_t i, const std::vector<std::string>& words) const;

  const AnswerText* text_;
  std::vector<std::vector<std::string>> options_;  // [options][words], in lower case
};

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/option_names.hpp"
#endif
