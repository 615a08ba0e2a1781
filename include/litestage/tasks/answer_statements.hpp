// Statements of the answer in what a model wrote: "the answer is B", "answer: B", "I choose B", "it is option B",
// "therefore, B." and "B is the best answer". What only mentions an option is not one: stated_answer.hpp.
//
// Nothing here recurses, and every search ends after a fixed number of words, so time is linear in the length of a
// text.
#pragma once

#include <cstddef>
#include <optional>

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
  [[nodiscard]] std::optional<int> last(std::size_t n_words) const {
    for (std::size_t i = n_words; i-- > 0;) {
      if (const std::optional<int> read = statement_at(i)) return read;
    }
    return std::nullopt;
  }

  // The options that a label at i and those joined to it name: no_answer for "A or B" and for a letter beyond the
  // options. "B and A is wrong" names B: another clause begins.
  [[nodiscard]] int of_label(std::size_t i, int option) const {
    return option >= names_->size() || names_several(i, option) ? no_answer : option;
  }

 private:
  static constexpr std::size_t value_words = 12, clause_words = 32, sentence_words = 48;

  struct Value {
    std::optional<int> option;
    std::size_t end;  // the word at which the search ended
  };

  [[nodiscard]] std::optional<int> statement_at(std::size_t i) const {
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

  // "answer", "final answer", "best option", "the most likely choice".
  [[nodiscard]] bool names_answer(std::size_t i) const {
    const AnswerText& text = *text_;
    bool right = text.is(i, WordKind::answer);
    if (!right && !text.is(i, WordKind::option | WordKind::item)) return false;
    for (std::size_t back = 1; back <= 2 && i >= back && in_phrase(i + 1 - back); ++back) {
      if (text.is(i - back, WordKind::wrong) || text.is(i - back, WordKind::negation)) return false;
      right = right || text.is(i - back, WordKind::quality);
    }
    return right;
  }

  // Word i goes on with the phrase of the one before it: "No: the answer ..." does not deny anything.
  [[nodiscard]] bool in_phrase(std::size_t i) const {
    return text_->goes_on(i) && !(*text_)[i].assigned && !(*text_)[i].listed;
  }

  // What the answer, named by word i, is said to be. Far from the verb only letters count, not the words of options.
  [[nodiscard]] std::optional<int> after_noun(std::size_t noun) const {
    const AnswerText& text = *text_;
    if (text.goes_on(noun + 1) && text[noun + 1].assigned) return said_from(noun + 1);
    bool near = true;
    for (std::size_t i = noun + 1; i <= noun + clause_words && text.same_line(i); ++i) {
      if (text.before(i) == '"' && !text.enclosed(i)) i = after_quotation(i);  // the question, repeated
      if (text.is(i, WordKind::negation)) return near ? instead_from(i + 1) : std::nullopt;
      if (text.is(i, WordKind::verb)) {
        if (near) return said_from(i + 1);
        if (const auto read = value_at(i + 1, false).option) return read;
      }
      near = near && text.is(i, WordKind::connective | WordKind::quality);
    }
    return std::nullopt;
  }

  // The word after the quotation that begins at i; i where it does not end soon.
  [[nodiscard]] std::size_t after_quotation(std::size_t i) const {
    for (std::size_t w = i + 1; w < text_->size() && w <= i + clause_words; ++w) {
      if ((*text_)[w].unquoted) return w;
    }
    return i;
  }

  // The option at i, or what stands instead of the one that is denied there, or the only one named in the rest of the
  // sentence.
  [[nodiscard]] std::optional<int> said_from(std::size_t i) const {
    const Value value = value_at(i);
    if (value.option) return value.option;
    if (text_->goes_on(value.end) && text_->is(value.end, WordKind::negation)) return instead_from(value.end + 1);
    return only_one_in_sentence(i);
  }

  // "not A but B", "not A, it is B".
  [[nodiscard]] std::optional<int> instead_from(std::size_t i) const {
    for (const std::size_t end = i + value_words; i < end && text_->goes_on(i); ++i) {
      if (!text_->is(i, WordKind::contrast | WordKind::pronoun)) continue;
      if (const auto read = value_at(i + 1).option) return read;
    }
    return std::nullopt;
  }

  // The option that is named at i, but for words that may stand before it.
  [[nodiscard]] Value value_at(std::size_t i, bool texts = true) const {
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

  [[nodiscard]] std::optional<int> only_one_in_sentence(std::size_t begin) const {
    const AnswerText& text = *text_;
    std::optional<int> only;
    std::size_t i = begin;
    for (; i < begin + sentence_words && text.same_line(i); ++i) {
      if (const auto match = names_->text_at(i); match && match->words > 1) {
        i += match->words - 1;  // "it does not melt" denies nothing where it is an option
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

  // "So B.", "Therefore, option (B)."
  [[nodiscard]] std::optional<int> conclusion(std::size_t i) const {
    ++i;
    if (text_->goes_on(i) && text_->is(i, WordKind::option)) ++i;
    const auto label = text_->goes_on(i) ? names_->label(i, names_->is_named(i)) : std::nullopt;
    return label && !text_->same_line(i + 1) ? std::optional(of_label(i, *label)) : std::nullopt;
  }

  // "B is correct", "the desert is the best answer": the last option before the verb.
  [[nodiscard]] std::optional<int> called_right(std::size_t verb) const {
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
    const std::size_t before = text.is(*at - 1, WordKind::option) ? *at - 2 : *at - 1;  // is() is false beyond the ends
    if (*at > begin && text.is(before, WordKind::joining)) return no_answer;            // "A and B are correct"
    return of_label(*at, *names_->label(*at, names_->is_named(*at)));
  }

  // "correct", "clearly the best", "the most likely answer".
  [[nodiscard]] bool says_right(std::size_t i) const {
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

  // "I would not choose B".
  [[nodiscard]] bool denied(std::size_t i) const {
    for (std::size_t back = 1; back <= 3 && i >= back && in_phrase(i + 1 - back); ++back) {
      if (text_->is(i - back, WordKind::negation)) return true;
    }
    return false;
  }

  // Another letter is joined to the one at i: "A and C", "A/B", "A, B or C".
  [[nodiscard]] bool names_several(std::size_t i, int first) const {
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

  const AnswerText* text_;
  const OptionNames* names_;
};

}  // namespace litestage::tasks
