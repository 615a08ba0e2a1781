// Plan, solve and state, as data.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_check.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/plan_solve.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

LITESTAGE_INLINE Custom PlanSolve::schedule() const {
  Custom schedule;
  schedule.stages = {
      {.name = "plan",
       .messages =
           {{Speaker::user,
             "{problem}\n\nFirst make a short plan: which steps lead to the answer? Do not calculate and do not "
             "answer yet."}},
       .max_new_tokens = plan_tokens},
      {.name = "solve",
       .continues = "plan",
       .messages = {{Speaker::user, "Now follow the plan step by step. Keep every step short."}},
       .max_new_tokens = solve_tokens},
      {.name = "state",
       .continues = "solve",
       .messages = {{Speaker::user, "{request}"}},
       .continuation = "The answer is",
       .max_new_tokens = state_tokens}};
  std::vector<CustomMessage>& first = schedule.stages[0].messages;
  if (!system.empty()) first.insert(first.begin(), {Speaker::system, system});
  schedule.variants = {
      {.name = "problem", .with_options = "Question: {question}\n{options}", .without_options = "Question: {question}"},
      {.name = "request", .with_options = state_letter, .without_options = state_value}};
  schedule.answer = {{.rule = AnswerRule::stated, .probe = " option (", .opening = "The answer is"}};
  return schedule;
}

LITESTAGE_INLINE StageInfo PlanSolve::stage(std::size_t i) const {
  return schedule().stage(i);
}
LITESTAGE_INLINE std::vector<Prompt> PlanSolve::prompts(std::size_t i, const Transcript& transcript) const {
  return schedule().prompts(i, transcript);
}
LITESTAGE_INLINE AnswerFormat PlanSolve::answer_format() const {
  return schedule().answer_format();
}
LITESTAGE_INLINE std::size_t PlanSolve::branches(const Question& question) const {
  return schedule().branches(question);
}
LITESTAGE_INLINE void PlanSolve::check_question(const Question& question) const {
  schedule().check_question(question);
}

LITESTAGE_INLINE void PlanSolve::check(const Where& where) const {
  const Custom custom = schedule();
  check_text(custom, {system, where.at("system"), place_in(custom, 0)});
}

}  // namespace litestage::stages
