// Accuracies that need no model. The accuracy of a model means little without these numbers next to it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "litestage/evaluate/metrics.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/tasks.hpp"

namespace litestage::evaluate {

// How often each letter is the right one, over questions with known gold.
[[nodiscard]] inline std::array<std::size_t, max_options> gold_counts(std::span<const Question> questions) {
  std::array<std::size_t, max_options> counts{};
  for (const Question& q : questions) {
    if (q.gold != no_answer) ++counts.at(static_cast<std::size_t>(q.gold));
  }
  return counts;
}

struct MajorityClass {
  int option = no_answer;  // the most frequent letter, the lowest if several are; no_answer if no gold is known
  Proportion accuracy;
};

// Always answers the most frequent letter of these same questions: the best accuracy that ignores the question.
[[nodiscard]] inline MajorityClass majority_class(std::span<const Question> questions) {
  const auto counts = gold_counts(questions);
  std::size_t known = 0;
  for (const std::size_t count : counts) known += count;
  if (known == 0) return {};
  const auto most = std::max_element(counts.begin(), counts.end());
  return {static_cast<int>(most - counts.begin()), proportion(*most, known)};
}

// The expected accuracy of guessing: the mean of 1 / options over questions with known gold.
[[nodiscard]] inline double chance(std::span<const Question> questions) {
  double sum = 0;
  std::size_t known = 0;
  for (const Question& q : questions) {
    if (q.gold == no_answer) continue;
    ++known;
    sum += 1.0 / static_cast<double>(q.options.size());
  }
  return known == 0 ? 0 : sum / static_cast<double>(known);
}

}  // namespace litestage::evaluate
