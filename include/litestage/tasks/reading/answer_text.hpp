// Splits generated text into words and records the separators between them, for finding the answer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/tasks/reading/answer_vocabulary.hpp"
#include "litestage/tasks/reading/plain_text.hpp"

namespace litestage::tasks {

struct AnswerWord {
  std::size_t begin = 0, end = 0;  // byte range in the plain text
  WordKind kind = WordKind::none;
  bool new_sentence = false;  // a sentence ends before this word
  bool new_line = false;
  bool assigned = false;  // preceded by ':', '=' or a dash
  bool listed = false;    // preceded by ','
  bool united = false;    // preceded by '/' or '&'
  bool unquoted = false;  // a quotation ends before this word
  bool spaced = false;    // preceded only by spaces
};

// Words are runs of letters and digits of any alphabet, including apostrophes and hyphens inside ("isn't", "A-frame")
// and the signs of numbers ("-1.5", "1/2"). Time and memory are linear in the length of the text.
class AnswerText {
 public:
  explicit AnswerText(std::string_view written);

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] const AnswerWord& operator[](std::size_t i) const { return words_[i]; }

  // The word in lower case.
  [[nodiscard]] std::string_view word(std::size_t i) const;
  // Whether word i is of this kind; false beyond the last word.
  [[nodiscard]] bool is(std::size_t i, WordKind kind) const { return i < size() && overlap(words_[i].kind, kind); }

  // Whether word i and the one before it are in the same sentence. False for the first word and beyond the last.
  [[nodiscard]] bool goes_on(std::size_t i) const { return i > 0 && i < size() && !words_[i].new_sentence; }
  [[nodiscard]] bool same_line(std::size_t i) const { return goes_on(i) && !words_[i].new_line; }

  // The character directly before or after the word; 0 at the ends of the text.
  [[nodiscard]] char before(std::size_t i) const { return words_[i].begin == 0 ? '\0' : plain_[words_[i].begin - 1]; }
  [[nodiscard]] char after(std::size_t i) const;
  [[nodiscard]] bool opened(std::size_t i) const { return is_bracket_or_quote(before(i), '('); }
  [[nodiscard]] bool closed(std::size_t i) const { return is_bracket_or_quote(after(i), ')'); }
  [[nodiscard]] bool enclosed(std::size_t i) const { return opened(i) && closed(i); }
  // Whether only a sign separates the word from the one before it, as in "option(s)" and in "P.M.".
  [[nodiscard]] bool glued(std::size_t i) const;
  // The word as written if it is a single one-byte letter; 0 for other words.
  [[nodiscard]] char letter(std::size_t i) const;

 private:
  [[nodiscard]] static bool is_bracket_or_quote(char c, char bracket) { return c == bracket || c == '"' || c == '\''; }

  [[nodiscard]] char at(std::size_t i) const { return i < plain_.size() ? plain_[i] : ' '; }
  [[nodiscard]] bool starts_word(std::size_t i) const;
  [[nodiscard]] std::size_t word_end(std::size_t end) const;
  // Whether the character at `i`, which follows a character of a word, belongs to that word. Ideographs have spaces
  // around them.
  [[nodiscard]] bool joins(std::size_t i) const;

  void add(std::size_t gap_begin, std::size_t begin, std::size_t end);

  std::string plain_, lower_;  // both of the same length
  std::vector<AnswerWord> words_;
};

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/reading/definitions/answer_text.hpp"
#endif
