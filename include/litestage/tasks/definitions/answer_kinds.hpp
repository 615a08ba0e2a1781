// Calls the reader of each kind of answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/tasks/answer_kinds.hpp"
#include "litestage/tasks/reading/answer_places.hpp"
#include "litestage/tasks/reading/normal_text.hpp"
#include "litestage/tasks/reading/number_answer.hpp"
#include "litestage/tasks/reading/yes_no_answer.hpp"

namespace litestage::tasks {

namespace detail {

[[nodiscard]] inline std::optional<Answer> answer_at(AnswerKind kind, const AnswerPlace& place,
                                                     bool percent_is_number) {
  switch (kind) {
    case AnswerKind::number:
      return number_at(place, percent_is_number);
    case AnswerKind::yes_no:
      return yes_no_at(place);
    case AnswerKind::text:
      return text_at(place);
    case AnswerKind::letter:
      break;
  }
  throw_assertion_error("letters are read by written_option", __FILE__, __LINE__, {});
}

}  // namespace detail

LITESTAGE_INLINE Answer read_as(AnswerKind kind, const AnswerFormat& format, std::string_view text,
                                bool percent_is_number) {
  const std::string opening = format.opening.empty() ? "" : format.opening + ' ';
  const std::string whole = opening + std::string(text);
  for (const AnswerPlace& place : answer_places(format, whole, opening.size())) {
    if (const std::optional<Answer> read = detail::answer_at(kind, place, percent_is_number)) return *read;
  }
  return {};
}

LITESTAGE_INLINE std::optional<Answer> canonical_answer(AnswerKind kind, std::string_view text,
                                                        bool percent_is_number) {
  text = trimmed(text);
  std::string plain = normal_text(text);
  switch (kind) {
    case AnswerKind::letter:
      return option_of({std::string(text)}) == no_answer ? std::nullopt : std::optional(Answer{std::string(text)});
    case AnswerKind::number:
      return whole_number(text, percent_is_number);
    case AnswerKind::yes_no:
      if (plain == "yes" || plain == "true") return Answer{"yes"};
      if (plain == "no" || plain == "false") return Answer{"no"};
      return std::nullopt;
    case AnswerKind::text:
      break;
  }
  return plain.empty() ? std::nullopt : std::optional(Answer{std::move(plain)});
}

LITESTAGE_INLINE std::string_view expected_answer(AnswerKind kind) {
  switch (kind) {
    case AnswerKind::letter:
      return "the letter of an option";
    case AnswerKind::number:
      return "a number";
    case AnswerKind::yes_no:
      return "yes or no, or true or false";
    case AnswerKind::text:
      break;
  }
  return "a text with a letter or digit";
}

}  // namespace litestage::tasks
