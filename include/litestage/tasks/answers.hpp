// From what a model said to the index of an option: read from its text, or scored by the logits of the option letters.
#pragma once

#include <algorithm>
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
#include "litestage/tasks/stated_answer.hpp"

namespace litestage::tasks {

namespace detail {

// The letter of the first "the answer is option X.". Written out, because std::regex recurses once per character.
[[nodiscard]] inline std::optional<char> tiny_thinker_letter(std::string_view text) {
  constexpr std::string_view lead = "the answer is option ";
  for (std::size_t at = text.find(lead); at != std::string_view::npos; at = text.find(lead, at + 1)) {
    const std::string_view rest = text.substr(at + lead.size());
    if (rest.size() >= 2 && rest[0] >= 'A' && rest[0] <= 'Z' && rest[1] == '.') return rest[0];
  }
  return std::nullopt;
}

}  // namespace detail

// The index of the option that a text gives as its answer; no_answer where it gives none, or none of the question's.
[[nodiscard]] inline int written_answer(const AnswerFormat& format, std::string_view text,
                                        std::span<const std::string> options) {
  if (format.rule == AnswerRule::stated) return stated_answer(text, options, format.opening);
  const std::optional<char> letter = detail::tiny_thinker_letter(text);
  return letter && *letter - 'A' < static_cast<int>(options.size()) ? *letter - 'A' : no_answer;
}

// The option whose letter has the highest logit; ties go to the lowest letter, NaN never wins.
[[nodiscard]] inline int best_letter(std::span<const float> letter_logits) {  // [options]
  int best = no_answer;
  for (std::size_t i = 0; i < letter_logits.size(); ++i) {
    const float logit = letter_logits[i];
    if (logit == logit && (best == no_answer || logit > letter_logits[static_cast<std::size_t>(best)])) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

// What a tokenizer must map to one token each to score n options: letter_prefix + "A", letter_prefix + "B", ...
[[nodiscard]] inline std::vector<std::string> letter_texts(const AnswerFormat& format, int n_options) {
  std::vector<std::string> texts;
  for (int i = 0; i < n_options; ++i)
    texts.push_back(format.letter_prefix + option_letter(static_cast<std::size_t>(i)));
  return texts;
}

// The same from the logits after the probe; letter_tokens[i] is the token of letter_texts(...)[i].
[[nodiscard]] inline int best_letter(std::span<const int> letter_tokens,  // [options]
                                     std::span<const float> logits) {     // [vocab]
  std::vector<float> letter_logits;
  for (std::size_t i = 0; i < letter_tokens.size(); ++i) {
    const int token = letter_tokens[i];
    LITESTAGE_ASSERT(token >= 0 && static_cast<std::size_t>(token) < logits.size(), token, " of ", logits.size());
    LITESTAGE_ASSERT(std::count(letter_tokens.begin(), letter_tokens.end(), token) == 1, "two letters share token ",
                     token);
    letter_logits.push_back(logits[static_cast<std::size_t>(token)]);
  }
  return best_letter(letter_logits);
}

// The two ways of a whole question. Text is read from the last stage's first branch.
[[nodiscard]] inline int extracted_answer(const AnswerFormat& format, const StageReport& last,
                                          const Question& question) {
  return last.branches.empty() ? no_answer : written_answer(format, last.branches.front().text, question.options);
}
[[nodiscard]] inline int extracted_answer(const AnswerFormat& format, const QuestionReport& report,
                                          const Question& question) {
  return report.stages.empty() ? no_answer : extracted_answer(format, report.stages.back(), question);
}

[[nodiscard]] inline int scored_answer(const QuestionReport& report) {
  return best_letter(report.letter_logits);
}

}  // namespace litestage::tasks
