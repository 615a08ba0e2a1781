// Splits an answer into words.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/text/lower_ascii.hpp"
#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/answer_vocabulary.hpp"
#include "litestage/tasks/reading/plain_text.hpp"

namespace litestage::tasks {

LITESTAGE_INLINE AnswerText::AnswerText(std::string_view written)
    : plain_(plain_text(written)), lower_(lower_ascii(plain_)) {
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

LITESTAGE_INLINE std::string_view AnswerText::word(std::size_t i) const {
  return std::string_view(lower_).substr(words_[i].begin, words_[i].end - words_[i].begin);
}

LITESTAGE_INLINE char AnswerText::after(std::size_t i) const {
  return words_[i].end == plain_.size() ? '\0' : plain_[words_[i].end];
}

LITESTAGE_INLINE bool AnswerText::glued(std::size_t i) const {
  return words_[i].begin >= 2 && before(i) != ' ' && is_word_byte(plain_[words_[i].begin - 2]);
}

LITESTAGE_INLINE char AnswerText::letter(std::size_t i) const {
  const char c = plain_[words_[i].begin];
  return words_[i].end - words_[i].begin == 1 && is_ascii_letter(c) ? c : '\0';
}

LITESTAGE_INLINE bool AnswerText::starts_word(std::size_t i) const {
  const bool minus = plain_[i] == '-' && is_digit(at(i + 1));
  return minus || is_word_byte(plain_[i]);
}

LITESTAGE_INLINE std::size_t AnswerText::word_end(std::size_t end) const {
  while (end < plain_.size() && (is_word_byte(plain_[end]) || joins(end))) ++end;
  return end;
}

LITESTAGE_INLINE bool AnswerText::joins(std::size_t i) const {
  const char c = plain_[i], left = plain_[i - 1], right = at(i + 1);
  if (c == '\'' || c == '-' || c == '_') return is_word_byte(left) && is_word_byte(right);
  return (c == '.' || c == ',' || c == '/' || c == ':') && is_digit(left) && is_digit(right);
}

LITESTAGE_INLINE void AnswerText::add(std::size_t gap_begin, std::size_t begin, std::size_t end) {
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
  // A sentence continues after a quotation: The answer to "What is dry?" is B.
  if (w.unquoted && plain_[begin] >= 'a' && plain_[begin] <= 'z') w.new_sentence = false;
  words_.push_back(w);
}

}  // namespace litestage::tasks
