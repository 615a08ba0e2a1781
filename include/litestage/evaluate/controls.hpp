// Accuracies that need no model. The accuracy of a model means little without these numbers next to it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "litestage/evaluate/metrics.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::evaluate {

// How often each answer is a right one, over questions with known gold.
[[nodiscard]] inline std::map<std::string, std::size_t> gold_counts(std::span<const Question> questions) {
  std::map<std::string, std::size_t> counts;
  for (const Question& q : questions) {
    for (const Answer& right : q.gold) ++counts[right.text];
  }
  return counts;
}

struct MajorityClass {
  Answer answer;  // the most frequent right answer, the first in the order of bytes if several are; empty without gold
  Proportion accuracy;
};

// Always gives the most frequent right answer of these same questions: the best accuracy that ignores the question.
[[nodiscard]] inline MajorityClass majority_class(std::span<const Question> questions) {
  MajorityClass majority;
  std::size_t most = 0, known = 0;
  for (const auto& [answer, count] : gold_counts(questions)) {
    if (count <= most) continue;
    most = count;
    majority.answer.text = answer;
  }
  for (const Question& q : questions) known += q.gold.empty() ? 0 : 1;
  majority.accuracy = proportion(most, known);
  return majority;
}

// The number of answers that a question allows; 0 if there is no bound.
[[nodiscard]] inline std::size_t possible_answers(const Question& question) {
  return question.kind == AnswerKind::yes_no ? 2 : question.kind == AnswerKind::letter ? question.options.size() : 0;
}

// The expected accuracy of guessing: the mean of the share of right answers among the possible ones, over questions
// with known gold. Empty if the gold of no question is known, or if one of them allows any number or text.
[[nodiscard]] inline std::optional<double> chance(std::span<const Question> questions) {
  double sum = 0;
  std::size_t known = 0;
  for (const Question& q : questions) {
    if (q.gold.empty()) continue;
    if (possible_answers(q) == 0) return std::nullopt;
    ++known;
    sum += static_cast<double>(q.gold.size()) / static_cast<double>(possible_answers(q));
  }
  return known == 0 ? std::nullopt : std::optional(sum / static_cast<double>(known));
}

}  // namespace litestage::evaluate
