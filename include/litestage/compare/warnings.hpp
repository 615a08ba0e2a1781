// Warnings for the reader of a comparison.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "litestage/calibrate/plan/check_plan.hpp"
#include "litestage/compare/comparison.hpp"
#include "litestage/compare/comparison_settings.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/evaluate/controls.hpp"
#include "litestage/evaluate/text_table.hpp"
#include "litestage/evaluate/without_room.hpp"

namespace litestage::compare {

// Throws an Error if the task has a plan that does not hold for this model and tokenizer.
inline void require_valid_plan(const ComparedTask& task, const calibrate::PlanFacts& facts) {
  if (task.plan) static_cast<void>(calibrate::check_plan(task.plan->plan, facts, Where(task.plan->path)));
}

// Warnings about the plan. Throws as require_valid_plan does.
[[nodiscard]] inline std::vector<std::string> plan_warnings(const ComparedTask& task,
                                                            const calibrate::PlanFacts& facts) {
  std::vector<std::string> warnings;
  if (!task.plan) return warnings;
  const calibrate::Plan& plan = task.plan->plan;
  if (const auto kernels = calibrate::check_plan(plan, facts, Where(task.plan->path))) warnings.push_back(*kernels);
  if (!plan.search.reached)
    warnings.emplace_back(
        "the plan's search did not reach its accuracy target, so its budgets are those of full depth");
  if (plan.data.task != task.questions.task)
    warnings.push_back(
        concat("the plan was calibrated on task ", shown(plan.data.task), ", not on ", task.questions.task));
  return warnings;
}

namespace detail {

// Warns if full depth does not beat the most frequent answer, because accuracies then mean little.
[[nodiscard]] inline std::optional<std::string> accuracy_warning(const evaluate::Proportion& full,
                                                                 const std::vector<Question>& questions) {
  const evaluate::MajorityClass majority = evaluate::majority_class(questions);
  if (majority.answer.empty())
    return "these questions have no answer key: only the agreement with full depth can be judged";
  const std::string answer = shown(majority.answer.text);
  const std::string always = evaluate::fixed(100 * majority.accuracy.value, 1);
  if (majority.accuracy.hits == majority.accuracy.trials)
    return concat("the right answer to every question is ", answer,
                  ": accuracy says nothing where one answer is always right");
  if (full.value <= majority.accuracy.value)
    return concat("full depth is right in ", evaluate::fixed(100 * full.value, 1), " %, always saying ", answer, " in ",
                  always, " %: accuracy means nothing where the model at full depth cannot do better than that");
  if (full.low <= majority.accuracy.value)
    return concat("full depth is not clearly better than always saying ", answer, " (", always,
                  " %): differences of accuracy mean little");
  return std::nullopt;
}

}  // namespace detail

// Warnings that follow from the answers.
[[nodiscard]] inline std::vector<std::string> answer_warnings(const Comparison& c,
                                                              const std::vector<Question>& questions) {
  std::vector<std::string> warnings;
  const ComparisonRow full = compare_to(c.methods[0], c.methods[0], c.questions);
  if (const auto warning = detail::accuracy_warning(full.accuracy, questions)) warnings.push_back(*warning);
  for (const Method& m : c.methods) {
    if (!m.missing.empty()) continue;
    const std::size_t unlike = compare_to(c.methods[0], m, c.questions).unlike;
    evaluate::WithoutRoom without_room;
    for (std::size_t q = 0; q < m.outcomes.size(); ++q) {
      if (m.outcomes[q].no_room) without_room.add(c.questions[q].id, *m.outcomes[q].no_room);
    }
    if (without_room.any()) warnings.push_back(concat(m.name, ": ", without_room.sentence(c.questions.size())));
    if (unlike > 0)
      warnings.push_back(concat(m.name, ": ", unlike, " timed answers are not as long as those of the batched run"));
  }
  return warnings;
}

}  // namespace litestage::compare
