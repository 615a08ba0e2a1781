// The words of what a model wrote, with what stands between them, for finding the answer in it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

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
  explicit AnswerText(std::string_view written) : plain_(plain_text(written)), lower_(plain_) {
    for (char& c : lower_) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    for (std::size_t at = 0, after_last = 0; at < plain_.size();) {
      if (!starts_word(at)) {
        ++at;
        continue;
      }
      const std::size_t end = word_end(at + 1);
      add(after_last, at, end);
      at = after_last = end;
    }
  }

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] const AnswerWord& operator[](std::size_t i) const { return words_[i]; }

  // In lower case.
  [[nodiscard]] std::string_view word(std::size_t i) const {
    return std::string_view(lower_).substr(words_[i].begin, words_[i].end - words_[i].begin);
  }
  // False beyond the last word.
  [[nodiscard]] bool is(std::size_t i, WordKind kind) const { return i < size() && overlap(words_[i].kind, kind); }

  // Word i and the one before it stand in one sentence. False for the first word, and beyond the last.
  [[nodiscard]] bool goes_on(std::size_t i) const { return i > 0 && i < size() && !words_[i].new_sentence; }
  [[nodiscard]] bool same_line(std::size_t i) const { return goes_on(i) && !words_[i].new_line; }

  // The character right before or after the word, 0 where the text ends.
  [[nodiscard]] char before(std::size_t i) const { return words_[i].begin == 0 ? '\0' : plain_[words_[i].begin - 1]; }
  [[nodiscard]] char after(std::size_t i) const {
    return words_[i].end == plain_.size() ? '\0' : plain_[words_[i].end];
  }
  [[nodiscard]] bool opened(std::size_t i) const { return is_bracket_or_quote(before(i), '('); }
  [[nodiscard]] bool closed(std::size_t i) const { return is_bracket_or_quote(after(i), ')'); }
  [[nodiscard]] bool enclosed(std::size_t i) const { return opened(i) && closed(i); }
  // As in "option(s)" and in "P.M.".
  [[nodiscard]] bool glued(std::size_t i) const {
    return words_[i].begin >= 2 && before(i) != ' ' && detail::is_word_byte(plain_[words_[i].begin - 2]);
  }
  // A letter of one byte, as it was written; 0 for other words.
  [[nodiscard]] char letter(std::size_t i) const {
    const char c = plain_[words_[i].begin];
    return words_[i].end - words_[i].begin == 1 && detail::is_ascii_letter(c) ? c : '\0';
  }

 private:
  [[nodiscard]] static bool is_bracket_or_quote(char c, char bracket) { return c == bracket || c == '"' || c == '\''; }

  [[nodiscard]] char at(std::size_t i) const { return i < plain_.size() ? plain_[i] : ' '; }
  [[nodiscard]] bool starts_word(std::size_t i) const {
    const bool minus = plain_[i] == '-' && detail::is_digit(at(i + 1));
    return minus || detail::is_word_byte(plain_[i]);
  }
  [[nodiscard]] std::size_t word_end(std::size_t end) const {
    while (end < plain_.size() && (detail::is_word_byte(plain_[end]) || joins(end))) ++end;
    return end;
  }
  // The character at `i` follows a word's and is within the word. An ideograph has blanks around it.
  [[nodiscard]] bool joins(std::size_t i) const {
    const char c = plain_[i], left = plain_[i - 1], right = at(i + 1);
    if (c == '\'' || c == '-' || c == '_') return detail::is_word_byte(left) && detail::is_word_byte(right);
    return (c == '.' || c == ',' || c == '/' || c == ':') && detail::is_digit(left) && detail::is_digit(right);
  }

  void add(std::size_t gap_begin, std::size_t begin, std::size_t end) {
    AnswerWord w;
    w.begin = begin;
    w.end = end;
    w.kind = kind_of(std::string_view(lower_).substr(begin, end - begin));
    w.new_sentence = w.new_line = words_.empty();
    w.spaced = begin > gap_begin;
    for (std::size_t i = gap_begin; i < begin; ++i) {
      const char c = plain_[i];
      const bool dots = c == '.' && (at(i + 1) == '.' || (i > 0 && plain_[i - 1] == '.'));  // "The answer is ... B"
      w.new_sentence = w.new_sentence || c == '!' || c == '?' || c == ';' || (c == '.' && !dots);
      w.new_line = w.new_line || c == '\n';
      w.assigned = w.assigned || c == ':' || c == '=' || c == '-';
      w.listed = w.listed || c == ',';
      w.united = w.united || c == '/' || c == '&';
      w.spaced = w.spaced && c == ' ';
      w.unquoted = w.unquoted || (c == '"' && i + 1 < begin);
    }
    // The answer to "What is dry?" is B.
    if (w.unquoted && plain_[begin] >= 'a' && plain_[begin] <= 'z') w.new_sentence = false;
    words_.push_back(w);
  }

  std::string plain_, lower_;  // of the same length
  std::vector<AnswerWord> words_;
};

}  // namespace litestage::tasks
