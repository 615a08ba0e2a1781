// The words of what a model wrote, with what stands between them, for finding the answer in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/tasks/answer_vocabulary.hpp"
#include "litestage/tasks/plain_text.hpp"

namespace litestage::tasks {

struct AnswerWord {
  std::size_t begin = 0, end = 0;  // bytes of the plain text
  WordKind kind = WordKind::none;
  bool new_sentence = false;  // a sentence ends before this word
  bool new_line = false;
  bool assigned = false;  // ':', '=' or a dash stands before it
  bool listed = false;    // ',' before it
  bool united = false;    // '/' or '&' before it
  bool unquoted = false;  // a quotation ends before it
  bool spaced = false;    // nothing but blanks before it
};

// Words are runs of letters and digits of any alphabet, with apostrophes and hyphens within ("isn't", "A-frame") and
// the signs of numbers ("-1.5", "1/2"). Time and memory are linear in the length of the text.
class AnswerText {
 public:
  explicit AnswerText(std::string_view written);

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] const AnswerWord& operator[](std::size_t i) const { return words_[i]; }

  // In lower case.
  [[nodiscard]] std::string_view word(std::size_t i) const;
  // False beyond the last word.
  [[nodiscard]] bool is(std::size_t i, WordKind kind) const { return i < size() && overlap(words_[i].kind, kind); }

  // Word i and the one before it stand in one sentence. False for the first word, and beyond the last.
  [[nodiscard]] bool goes_on(std::size_t i) const { return i > 0 && i < size() && !words_[i].new_sentence; }
  [[nodiscard]] bool same_line(std::size_t i) const { return goes_on(i) && !words_[i].new_line; }

  // The character right before or after the word, 0 where the text ends.
  [[nodiscard]] char before(std::size_t i) const { return words_[i].begin == 0 ? '\0' : plain_[words_[i].begin - 1]; }
  [[nodiscard]] char after(std::size_t i) const;
  [[nodiscard]] bool opened(std::size_t i) const { return is_bracket_or_quote(before(i), '('); }
  [[nodiscard]] bool closed(std::size_t i) const { return is_bracket_or_quote(after(i), ')'); }
  [[nodiscard]] bool enclosed(std::size_t i) const { return opened(i) && closed(i); }
  // As in "option(s)" and in "P.M.".
  [[nodiscard]] bool glued(std::size_t i) const;
  // A letter of one byte, as it was written; 0 for other words.
  [[nodiscard]] char letter(std::size_t i) const;

 private:
  [[nodiscard]] static bool is_bracket_or_quote(char c, char bracket) { return c == bracket || c == '"' || c == '\''; }

  [[nodiscard]] char at(std::size_t i) const { return i < plain_.size() ? plain_[i] : ' '; }
  [[nodiscard]] bool starts_word(std::size_t i) const;
  [[nodiscard]] std::size_t word_end(std::size_t end) const;
  // The character at `i` follows a word's and is within the word. An ideograph has blanks around it.
  [[nodiscard]] bool joins(std::size_t i) const;

  void add(std::size_t gap_begin, std::size_t begin, std::size_t end);

  std::string plain_, lower_;  // of the same length
  std::vector<AnswerWord> words_;
};

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/answer_text.hpp"
#endif
