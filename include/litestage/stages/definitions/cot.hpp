// Chain of thought, as data.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "litestage/stages/cot.hpp"
#include "litestage/stages/custom.hpp"
#include "litestage/stages/custom_check.hpp"
#include "litestage/stages/custom_scope.hpp"
#include "litestage/stages/plan_solve.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

LITESTAGE_INLINE Custom Cot::schedule() const {
  Custom schedule = PlanSolve{.system = system, .state_tokens = state_tokens}.schedule();
  CustomStage reason = schedule.stages[0], statement = schedule.stages[2];
  reason.name = "reason";
  reason.max_new_tokens = reason_tokens;
  reason.messages.back().content = "{problem}\n\nThink step by step.";
  statement.continues = "reason";
  if (samples > 1) {
    reason.branches = Samples{.n = samples, .temperature = temperature, .seed = seed};
    statement.branches = EachBranch{};
  }
  if (state) {
    schedule.stages = {reason, statement};
    return schedule;
  }
  reason.messages.back().content += " {ending}";
  schedule.stages = {reason};
  schedule.variants.back() = {.name = "ending",
                              .with_options = "End with a sentence that begins with: The answer is option",
                              .without_options = "End with a sentence that begins with: The answer is"};
  schedule.answer = {chat_answer()};
  schedule.answer.after = "the answer is";
  return schedule;
}

LITESTAGE_INLINE StageInfo Cot::stage(std::size_t i) const {
  return schedule().stage(i);
}
LITESTAGE_INLINE std::vector<Prompt> Cot::prompts(std::size_t i, const Transcript& transcript) const {
  return schedule().prompts(i, transcript);
}
LITESTAGE_INLINE AnswerFormat Cot::answer_format() const {
  return schedule().answer_format();
}
LITESTAGE_INLINE std::size_t Cot::branches(const Question& question) const {
  return schedule().branches(question);
}
LITESTAGE_INLINE void Cot::check_question(const Question& question) const {
  schedule().check_question(question);
}

LITESTAGE_INLINE void Cot::check(const Where& where) const {
  const Custom custom = schedule();
  check_text(custom, {system, where.at("system"), place_in(custom, 0)});
  Samples{.n = samples, .temperature = temperature}.check(where);
}

}  // namespace litestage::stages
