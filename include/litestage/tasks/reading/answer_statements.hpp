// Finds statements of the answer in generated text: "the answer is B", "answer: B", "I choose B", "it is option B",
// "therefore, B." and "B is the best answer". Mere mentions of options are handled by stated_answer.hpp.
//
// Nothing here recurses, and every search ends after a fixed number of words, so time is linear in the length of the
// text.
#pragma once

#include <cstddef>
#include <optional>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/option_names.hpp"

namespace litestage::tasks {

// Each function returns an option; no_answer if the statement names no option of the question or several at once; or
// nothing if there is no statement.
class AnswerStatements {
 public:
  // The arguments outlive this object.
  AnswerStatements(const AnswerText& text, const OptionNames& names) : text_(&text), names_(&names) {}

  // The last statement that begins within the first `n_words` words.
  [[nodiscard]] std::optional<int> last(std::size_t n_words) const;

  // The option named by the label at word i together with labels joined to it: no_answer for "A or B" and for a letter
  // beyond the options. "B and A is wrong" names B, because "A" begins a new clause.
  [[nodiscard]] int of_label(std::size_t i, int option) const;

 private:
  static constexpr std::size_t value_words = 12, clause_words = 32, sentence_words = 48;

  struct Value {
    std::optional<int> option;
    std::size_t end;  // the word at which the search ended
  };

  [[nodiscard]] std::optional<int> statement_at(std::size_t i) const;

  // Whether word i names the answer: "answer", "final answer", "best option", "the most likely choice".
  [[nodiscard]] bool names_answer(std::size_t i) const;

  // Whether word i continues the phrase of the word before it: in "No: the answer ..." the "No" denies nothing.
  [[nodiscard]] bool in_phrase(std::size_t i) const;

  // The option that is the answer according to the text after `noun`. Far from the verb only letters count, not
  // options' words.
  [[nodiscard]] std::optional<int> after_noun(std::size_t noun) const;

  // The word after the quotation that begins at word i; i if the quotation does not end soon.
  [[nodiscard]] std::size_t after_quotation(std::size_t i) const;

  // The option named at word i; or, if it is denied there, the one named instead; or the only option named in the rest
  // of the sentence.
  [[nodiscard]] std::optional<int> said_from(std::size_t i) const;

  // The option named instead of a denied one: "not A but B", "not A, it is B".
  [[nodiscard]] std::optional<int> instead_from(std::size_t i) const;

  // The option named at word i, after skipping words that may precede it.
  [[nodiscard]] Value value_at(std::size_t i, bool texts = true) const;

  [[nodiscard]] std::optional<int> only_one_in_sentence(std::size_t begin) const;

  // The option of a conclusion: "So B.", "Therefore, option (B)."
  [[nodiscard]] std::optional<int> conclusion(std::size_t i) const;

  // The last option before the verb: "B is correct", "the desert is the best answer".
  [[nodiscard]] std::optional<int> called_right(std::size_t verb) const;

  // Whether the words at i call an option right: "correct", "clearly the best", "the most likely answer".
  [[nodiscard]] bool says_right(std::size_t i) const;

  // Whether the statement at word i is denied: "I would not choose B".
  [[nodiscard]] bool denied(std::size_t i) const;

  // Whether a different letter is joined to the one at word i: "A and C", "A/B", "A, B or C".
  [[nodiscard]] bool names_several(std::size_t i, int first) const;

  const AnswerText* text_;
  const OptionNames* names_;
};

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/answer_statements.hpp"
#endif
