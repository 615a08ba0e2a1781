// Finds yes and no in a text.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "litestage/tasks/reading/answer_text.hpp"
#include "litestage/tasks/reading/answer_vocabulary.hpp"
#include "litestage/tasks/reading/yes_no_answer.hpp"

namespace litestage::tasks {

namespace detail {

class YesNoWords {
 public:
  explicit YesNoWords(const AnswerText& text) : text_(&text) {}

  // The answer that word i gives.
  [[nodiscard]] std::optional<bool> at(std::size_t i) const {
    const std::optional<bool> said = meaning(i);
    if (!said || names_both(i) || belongs_to_next(i)) return std::nullopt;
    return negated(i) ? !*said : *said;
  }

 private:
  [[nodiscard]] std::optional<bool> meaning(std::size_t i) const {
    const std::string_view word = text_->word(i);
    if (word == "yes" || word == "true") return true;
    if (word == "no" || word == "false") return false;
    return std::nullopt;
  }

  // Whether the word and its opposite are named together: "yes or no", "yes/no", "true and false".
  [[nodiscard]] bool names_both(std::size_t i) const {
    const auto opposite = [&](std::size_t j) {
      const std::optional<bool> other = meaning(j);
      return other && *other != *meaning(i);
    };
    const auto joined = [&](std::size_t first, std::size_t distance) {  // word `first` and the one at this distance
      if (distance == 1) return (*text_)[first + 1].united;
      return text_->is(first + 1, WordKind::joining) && text_->goes_on(first + 1) && text_->goes_on(first + 2);
    };
    for (std::size_t distance = 1; distance <= 2; ++distance) {
      if (i + distance < text_->size() && opposite(i + distance) && joined(i, distance)) return true;
      if (i >= distance && opposite(i - distance) && joined(i - distance, distance)) return true;
    }
    return false;
  }

  // Whether the word determines the word after it. "yes" never does.
  [[nodiscard]] bool belongs_to_next(std::size_t i) const {
    constexpr std::array<std::string_view, 33> clauses = {
        "it",      "it's",  "they", "he",  "she", "that",  "this",  "there", "you",   "we", "i",
        "because", "since", "as",   "and", "but", "so",    "for",   "in",    "to",    "if", "the",
        "is",      "are",   "a",    "an",  "not", "these", "those", "when",  "while", "by", "of"};
    if (text_->word(i) == "yes" || i + 1 >= text_->size() || !(*text_)[i + 1].spaced || text_->closed(i)) return false;
    return std::find(clauses.begin(), clauses.end(), text_->word(i + 1)) == clauses.end();
  }

  [[nodiscard]] bool negated(std::size_t i) const {
    constexpr std::size_t reach = 3;
    bool turned = false;
    for (std::size_t j = i; j > 0 && i - j < reach && text_->same_line(j); --j) {
      const AnswerWord& word = (*text_)[j];
      if (word.listed || word.assigned || meaning(j - 1)) break;
      turned = turned != text_->is(j - 1, WordKind::negation);
    }
    return turned;
  }

  const AnswerText* text_;
};

}  // namespace detail

LITESTAGE_INLINE std::optional<Answer> yes_no_at(const AnswerPlace& place) {
  const AnswerText text(place.text);
  const detail::YesNoWords words(text);
  std::optional<bool> taken;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::optional<bool> said = words.at(i);
    if (!said) continue;
    taken = said;
    if (place.take == TakenMatch::first) break;
  }
  if (!taken) return std::nullopt;
  return Answer{*taken ? "yes" : "no"};
}

}  // namespace litestage::tasks
