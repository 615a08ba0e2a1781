// Statements of the answer in what a model wrote: "the answer is B", "answer: B", "I choose B", "it is option B",
// "therefore, B." and "B is the best answer". What only mentions an option is not one: stated_answer.hpp.
//
// Nothing here recurses, and every search ends after a fixed number of words, so time is linear in the length of a
// text.
#pragma once

#include <cstddef>
#include <optional>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/answer_text.hpp"
#include "litestage/tasks/option_names.hpp"

namespace litestage::tasks {

// Each reading is an option, no_answer where what is stated is none of the question's or several of them at once, or
// nothing where nothing is stated.
class AnswerStatements {
 public:
  // Both outlive this.
  AnswerStatements(const AnswerText& text, const OptionNames& names) : text_(&text), names_(&names) {}

  // The last statement that begins among the first `n_words`.
  [[nodiscard]] std::optional<int> last(std::size_t n_words) const;

  // The options that a label at i and those joined to it name: no_answer for "A or B" and for a letter beyond the
  // options. "B and A is wrong" names B: another clause begins.
  [[nodiscard]] int of_label(std::size_t i, int option) const;

 private:
  static constexpr std::size_t value_words = 12, clause_words = 32, sentence_words = 48;

  struct Value {
    std::optional<int> option;
    std::size_t end;  // the word at which the search ended
  };

  [[nodiscard]] std::optional<int> statement_at(std::size_t i) const;

  // "answer", "final answer", "best option", "the most likely choice".
  [[nodiscard]] bool names_answer(std::size_t i) const;

  // Word i goes on with the phrase of the one before it: "No: the answer ..." does not deny anything.
  [[nodiscard]] bool in_phrase(std::size_t i) const;

  // What the answer, named by word i, is said to be. Far from the verb only letters count, not the words of options.
  [[nodiscard]] std::optional<int> after_noun(std::size_t noun) const;

  // The word after the quotation that begins at i; i where it does not end soon.
  [[nodiscard]] std::size_t after_quotation(std::size_t i) const;

  // The option at i, or what stands instead of the one that is denied there, or the only one named in the rest of the
  // sentence.
  [[nodiscard]] std::optional<int> said_from(std::size_t i) const;

  // "not A but B", "not A, it is B".
  [[nodiscard]] std::optional<int> instead_from(std::size_t i) const;

  // The option that is named at i, but for words that may stand before it.
  [[nodiscard]] Value value_at(std::size_t i, bool texts = true) const;

  [[nodiscard]] std::optional<int> only_one_in_sentence(std::size_t begin) const;

  // "So B.", "Therefore, option (B)."
  [[nodiscard]] std::optional<int> conclusion(std::size_t i) const;

  // "B is correct", "the desert is the best answer": the last option before the verb.
  [[nodiscard]] std::optional<int> called_right(std::size_t verb) const;

  // "correct", "clearly the best", "the most likely answer".
  [[nodiscard]] bool says_right(std::size_t i) const;

  // "I would not choose B".
  [[nodiscard]] bool denied(std::size_t i) const;

  // Another letter is joined to the one at i: "A and C", "A/B", "A, B or C".
  [[nodiscard]] bool names_several(std::size_t i, int first) const;

  const AnswerText* text_;
  const OptionNames* names_;
};

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/answer_statements.hpp"
#endif
