// Chooses the stated answer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/tasks/reading/answer_statements.hpp"
#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/option_names.hpp"
#include "litestage/tasks/reading/stated_answer.hpp"

namespace litestage::tasks {

namespace detail {

// Finds options that are mentioned without a statement.
class MentionedOptions {
 public:
  // The arguments outlive this object.
  MentionedOptions(const AnswerText& text, const OptionNames& names, const AnswerStatements& statements)
      : text_(&text), names_(&names), statements_(&statements) {}

  // "B", "B. Desert", "(B) Desert ...", unless other options follow in the same form, which makes it a list.
  [[nodiscard]] std::optional<int> opening() const {
    const std::optional<int> first = text_->size() == 0 ? std::nullopt : list_label(0);
    if (!first || rejected(0)) return std::nullopt;
    for (std::size_t i = 1; i < text_->size(); ++i) {
      const std::optional<int> other = list_label(i);
      if (other && *other != *first && *other < names_->size()) return std::nullopt;
    }
    return statements_->of_label(0, *first);
  }

  // The option whose words are the whole first sentence.
  [[nodiscard]] std::optional<int> whole_sentence() const {
    std::size_t i = 0, end = 0;
    while (end < text_->size() && (end == 0 || text_->same_line(end))) ++end;
    for (; i < end; ++i) {
      const std::optional<OptionNames::Match> match = names_->text_at(i);
      if (match && i + match->words == end) return match->option;
      if (!text_->is(i, WordKind::filler)) break;
    }
    return std::nullopt;
  }

  // The only option that is mentioned and not rejected.
  [[nodiscard]] std::optional<int> only() const {
    std::optional<int> only;
    bool rejected_before = false;
    for (std::size_t i = 0, last = 0; i < text_->size(); ++i) {
      const std::optional<int> option = mention(i);
      if (!option) continue;
      rejected_before = (rejected_before && in_list(last, i)) || rejected(i);
      last = i;
      if (rejected_before || *option >= names_->size()) continue;
      if (*option == no_answer || (only && *only != *option)) return std::nullopt;
      only = option;
    }
    return only;
  }

 private:
  // A letter in brackets, or one at the beginning of a sentence with a sign after it, without "option" before it.
  [[nodiscard]] std::optional<int> list_label(std::size_t i) const {
    if (names_->is_named(i)) return std::nullopt;
    const bool begins =
        !text_->same_line(i) && text_->letter(i) < 'a' && (i + 1 == text_->size() || !(*text_)[i + 1].spaced);
    return begins || text_->enclosed(i) ? names_->label(i, false) : std::nullopt;
  }

  // The option mentioned at word i: "option B", "(B)", "B) ...", "option (Desert)".
  [[nodiscard]] std::optional<int> mention(std::size_t i) const {
    const bool named = names_->is_named(i);
    const std::optional<int> label = named ? names_->label(i, true) : list_label(i);
    if (label || !named || !text_->is(i - 1, WordKind::option)) return label;
    const std::optional<OptionNames::Match> match = names_->text_at(i);
    return match ? std::optional(match->option) : std::nullopt;
  }

  // Whether two mentions are in one list: "option A and option B", "(A), (B)".
  [[nodiscard]] bool in_list(std::size_t first, std::size_t second) const {
    constexpr std::size_t between = 3;
    for (std::size_t i = second; i > first; --i) {
      if (second - i >= between || !text_->same_line(i)) return false;
    }
    return true;
  }

  // Whether the mention at word i is rejected: "rule out option A", "not option A", "option A is wrong", "option A does
  // not ...".
  [[nodiscard]] bool rejected(std::size_t i) const {
    constexpr std::size_t reach = 5;
    for (std::size_t w = i; w > 0 && i - w < reach && text_->same_line(w); --w) {
      if ((*text_)[w].listed) break;
      if (text_->is(w - 1, WordKind::negation | WordKind::against)) return true;
      if (text_->is(w - 1, WordKind::contrast)) break;  // "not A but option B"
    }
    bool said = false;                                                     // a verb, or "A: ...", was found
    const std::optional<OptionNames::Match> own = names_->text_at(i + 1);  // "(B) It does not melt"
    const std::size_t begin = own ? i + 1 + own->words : i + 1;
    for (std::size_t w = begin; w < begin + reach && text_->same_line(w); ++w) {
      if ((*text_)[w].listed && text_->is(w, WordKind::negation)) return false;  // "option A, not option B"
      said = said || (*text_)[w].assigned;
      if (text_->is(w, WordKind::negation) || (said && text_->is(w, WordKind::wrong))) return true;
      if (said && !text_->is(w, WordKind::filler)) return false;
      said = said || text_->is(w, WordKind::verb);
    }
    return false;
  }

  const AnswerText* text_;
  const OptionNames* names_;
  const AnswerStatements* statements_;
};

}  // namespace detail

LITESTAGE_INLINE int stated_answer(std::string_view written, std::span<const std::string> options,
                                   std::string_view opening) {
  const AnswerText text(opening.empty() ? std::string(written) : concat(opening, ' ', written));
  const OptionNames names(text, options);
  const AnswerStatements statements(text, names);
  if (!opening.empty()) {
    if (const auto read = statements.last(AnswerText(opening).size())) return *read;
  }
  if (const auto read = statements.last(text.size())) return *read;
  const detail::MentionedOptions mentions(text, names, statements);
  if (const auto read = mentions.opening()) return *read;
  if (const auto read = mentions.whole_sentence()) return *read;
  return mentions.only().value_or(no_answer);
}

}  // namespace litestage::tasks
