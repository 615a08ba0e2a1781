// Reading of answers from texts and reports.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/option_letter.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/answer_kinds.hpp"
#include "litestage/tasks/read_answer.hpp"
#include "litestage/tasks/reading/stated_answer.hpp"

namespace litestage::tasks {

namespace detail {

// The letter of the first "the answer is option X.". Hand-written, because std::regex recurses once per character.
[[nodiscard]] inline std::optional<char> tiny_thinker_letter(std::string_view text) {
  constexpr std::string_view lead = "the answer is option ";
  for (std::size_t at = text.find(lead); at != std::string_view::npos; at = text.find(lead, at + 1)) {
    const std::string_view rest = text.substr(at + lead.size());
    if (rest.size() >= 2 && rest[0] >= 'A' && rest[0] <= 'Z' && rest[1] == '.') return rest[0];
  }
  return std::nullopt;
}

}  // namespace detail

LITESTAGE_INLINE int written_option(const AnswerFormat& format, std::string_view text,
                                    std::span<const std::string> options) {
  if (format.rule == AnswerRule::stated) return stated_answer(text, options, format.opening);
  const std::optional<char> letter = detail::tiny_thinker_letter(text);
  return letter && *letter - 'A' < static_cast<int>(options.size()) ? *letter - 'A' : no_answer;
}

LITESTAGE_INLINE Answer written_answer(const AnswerFormat& format, std::string_view text, const Question& question) {
  if (question.kind == AnswerKind::letter) return letter_answer(written_option(format, text, question.options));
  return read_as(question.kind, format, text, question.percent_is_number);
}

LITESTAGE_INLINE int best_letter(std::span<const float> letter_logits) {  // [options]
  int best = no_answer;
  for (std::size_t i = 0; i < letter_logits.size(); ++i) {
    const float logit = letter_logits[i];
    if (logit == logit && (best == no_answer || logit > letter_logits[static_cast<std::size_t>(best)])) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

LITESTAGE_INLINE Answer extracted_answer(const AnswerFormat& format, const StageReport& last,
                                         const Question& question) {
  return last.branches.empty() ? Answer{} : written_answer(format, last.branches.front().text, question);
}

LITESTAGE_INLINE Answer extracted_answer(const AnswerFormat& format, const QuestionReport& report,
                                         const Question& question) {
  return report.stages.empty() ? Answer{} : extracted_answer(format, report.stages.back(), question);
}

LITESTAGE_INLINE Answer scored_answer(const QuestionReport& report) {
  return letter_answer(best_letter(report.letter_logits));
}

}  // namespace litestage::tasks
