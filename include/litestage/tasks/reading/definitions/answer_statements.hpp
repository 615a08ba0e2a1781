// Finds statements of the answer.
#pragma once

#include <cstddef>
#include <optional>

#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/reading/answer_statements.hpp"
#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/option_names.hpp"

namespace litestage::tasks {

LITESTAGE_INLINE std::optional<int> AnswerStatements::last(std::size_t n_words) const {
  for (std::size_t i = n_words; i-- > 0;) {
    if (const std::optional<int> read = statement_at(i)) return read;
  }
  return std::nullopt;
}

LITESTAGE_INLINE int AnswerStatements::of_label(std::size_t i, int option) const {
  return option >= names_->size() || names_several(i, option) ? no_answer : option;
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::statement_at(std::size_t i) const {
  const AnswerText& text = *text_;
  if (names_answer(i)) {
    if (const auto read = after_noun(i)) return read;
  }
  if (text.is(i, WordKind::choosing) && !denied(i)) {
    if (const auto read = value_at(i + 1).option) return read;
  }
  if (text.is(i, WordKind::pronoun)) {
    const bool verb_within = text.is(i, WordKind::verb);
    if (verb_within || (text.goes_on(i + 1) && text.is(i + 1, WordKind::verb))) {
      if (const auto read = value_at(i + (verb_within ? 1 : 2), false).option) return read;
    }
  }
  if (text.is(i, WordKind::concluding)) {
    if (const auto read = conclusion(i)) return read;
  }
  return text.is(i, WordKind::verb) ? called_right(i) : std::nullopt;
}

LITESTAGE_INLINE bool AnswerStatements::names_answer(std::size_t i) const {
  const AnswerText& text = *text_;
  bool right = text.is(i, WordKind::answer);
  if (!right && !text.is(i, WordKind::option | WordKind::item)) return false;
  for (std::size_t back = 1; back <= 2 && i >= back && in_phrase(i + 1 - back); ++back) {
    if (text.is(i - back, WordKind::wrong) || text.is(i - back, WordKind::negation)) return false;
    right = right || text.is(i - back, WordKind::quality);
  }
  return right;
}

LITESTAGE_INLINE bool AnswerStatements::in_phrase(std::size_t i) const {
  return text_->goes_on(i) && !(*text_)[i].assigned && !(*text_)[i].listed;
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::after_noun(std::size_t noun) const {
  const AnswerText& text = *text_;
  if (text.goes_on(noun + 1) && text[noun + 1].assigned) return said_from(noun + 1);
  bool near = true;
  for (std::size_t i = noun + 1; i <= noun + clause_words && text.same_line(i); ++i) {
    if (text.before(i) == '"' && !text.enclosed(i)) i = after_quotation(i);  // skips a repeated question
    if (text.is(i, WordKind::negation)) return near ? instead_from(i + 1) : std::nullopt;
    if (text.is(i, WordKind::verb)) {
      if (near) return said_from(i + 1);
      if (const auto read = value_at(i + 1, false).option) return read;
    }
    near = near && text.is(i, WordKind::connective | WordKind::quality);
  }
  return std::nullopt;
}

LITESTAGE_INLINE std::size_t AnswerStatements::after_quotation(std::size_t i) const {
  for (std::size_t w = i + 1; w < text_->size() && w <= i + clause_words; ++w) {
    if ((*text_)[w].unquoted) return w;
  }
  return i;
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::said_from(std::size_t i) const {
  const Value value = value_at(i);
  if (value.option) return value.option;
  if (text_->goes_on(value.end) && text_->is(value.end, WordKind::negation)) return instead_from(value.end + 1);
  return only_one_in_sentence(i);
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::instead_from(std::size_t i) const {
  for (const std::size_t end = i + value_words; i < end && text_->goes_on(i); ++i) {
    if (!text_->is(i, WordKind::contrast | WordKind::pronoun)) continue;
    if (const auto read = value_at(i + 1).option) return read;
  }
  return std::nullopt;
}

LITESTAGE_INLINE AnswerStatements::Value AnswerStatements::value_at(std::size_t i, bool texts) const {
  const AnswerText& text = *text_;
  for (const std::size_t end = i + value_words; i < end && text.goes_on(i); ++i) {
    if (const auto label = names_->label(i, names_->is_named(i))) return {of_label(i, *label), i};
    const auto match = texts ? names_->text_at(i) : std::nullopt;
    if (match) {
      const std::size_t next = i + match->words;  // "Desert (B)"
      const auto label = text.goes_on(next) && text.enclosed(next) ? names_->label(next, false) : std::nullopt;
      return {label ? of_label(next, *label) : match->option, i};
    }
    if (!text.is(i, WordKind::filler)) break;
  }
  return {std::nullopt, i};
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::only_one_in_sentence(std::size_t begin) const {
  const AnswerText& text = *text_;
  std::optional<int> only;
  std::size_t i = begin;
  for (; i < begin + sentence_words && text.same_line(i); ++i) {
    if (const auto match = names_->text_at(i); match && match->words > 1) {
      i += match->words - 1;  // "it does not melt" is not a negation if it is an option
      continue;
    }
    if (text.is(i, WordKind::negation | WordKind::against)) return std::nullopt;
    const bool named = names_->is_named(i);
    const auto label = named || text.enclosed(i) ? names_->label(i, named) : std::nullopt;
    if (!label) continue;
    if (only && *only != *label) return std::nullopt;
    only = *label;
  }
  if (only) return *only < names_->size() ? *only : no_answer;
  return names_->only_text(begin, i);
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::conclusion(std::size_t i) const {
  ++i;
  if (text_->goes_on(i) && text_->is(i, WordKind::option)) ++i;
  const auto label = text_->goes_on(i) ? names_->label(i, names_->is_named(i)) : std::nullopt;
  return label && !text_->same_line(i + 1) ? std::optional(of_label(i, *label)) : std::nullopt;
}

LITESTAGE_INLINE std::optional<int> AnswerStatements::called_right(std::size_t verb) const {
  const AnswerText& text = *text_;
  if (!says_right(verb + 1)) return std::nullopt;
  std::size_t begin = verb;
  std::optional<std::size_t> at;
  for (; begin > 0 && verb - begin < clause_words && text.same_line(begin); --begin) {
    const std::size_t i = begin - 1;
    if (at && text[begin].listed) break;
    if (text.is(i, WordKind::negation)) return std::nullopt;
    if (!at && names_->label(i, names_->is_named(i))) at = i;
  }
  if (!at) return names_->only_text(begin, verb);
  const std::size_t before = text.is(*at - 1, WordKind::option) ? *at - 2 : *at - 1;  // is(i) is false outside the text
  if (*at > begin && text.is(before, WordKind::joining)) return no_answer;            // "A and B are correct"
  return of_label(*at, *names_->label(*at, names_->is_named(*at)));
}

LITESTAGE_INLINE bool AnswerStatements::says_right(std::size_t i) const {
  const AnswerText& text = *text_;
  const auto ends = [&](std::size_t w) {
    return !text.same_line(w) || !text[w].spaced || text.is(w, WordKind::following);
  };
  bool quality = false;
  for (const std::size_t end = i + 6; i < end && text.same_line(i); ++i) {
    if (text.is(i, WordKind::negation | WordKind::wrong)) return false;
    if (text.is(i, WordKind::answer | WordKind::option | WordKind::item)) return !names_->label(i + 1, true);
    quality = text.is(i, WordKind::quality);
    if (quality && ends(i + 1)) return true;
    if (!quality && !text.is(i, WordKind::filler)) return false;
  }
  return false;
}

LITESTAGE_INLINE bool AnswerStatements::denied(std::size_t i) const {
  for (std::size_t back = 1; back <= 3 && i >= back && in_phrase(i + 1 - back); ++back) {
    if (text_->is(i - back, WordKind::negation)) return true;
  }
  return false;
}

LITESTAGE_INLINE bool AnswerStatements::names_several(std::size_t i, int first) const {
  const AnswerText& text = *text_;
  if (!text.goes_on(++i)) return false;
  const bool listed = text[i].listed, joined = text.is(i, WordKind::joining);
  if (!listed && !joined && !text[i].united) return false;
  const bool either = text[i].united || (joined && text.word(i) == "or");
  if (joined) ++i;
  if (text.is(i, WordKind::option)) ++i;
  const auto label = text.goes_on(i) ? names_->label(i, names_->is_named(i)) : std::nullopt;
  if (!label || *label == first) return false;
  return either || !text.goes_on(i + 1) || !text.is(i + 1, WordKind::verb | WordKind::negation);
}

}  // namespace litestage::tasks
