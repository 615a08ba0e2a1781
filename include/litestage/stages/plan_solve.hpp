// Reasoning in three stages: make a plan, solve the problem by it, state the answer. For questions with and without
// options; the statement begins with forced words, so that it is short and readable. The same schedule as data:
// examples/data/stages/plan_solve.json.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

struct Custom;

// To plan first and then to solve follows Plan-and-Solve prompting (arXiv 2305.04091), which does both in one answer.
// Stages, texts (definitions/plan_solve.hpp) and caps are ours.
struct PlanSolve {
  static constexpr std::string_view name = "plan_solve";
  static constexpr std::string_view summary = "plan, solve, state, as a conversation, with or without options";

  std::string system = reasoning_system;  // may be empty
  int plan_tokens = 128;
  int solve_tokens = 256;
  int state_tokens = 16;

  [[nodiscard]] Custom schedule() const;

  [[nodiscard]] std::size_t size() const { return 3; }
  [[nodiscard]] StageInfo stage(std::size_t i) const;
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const;
  [[nodiscard]] AnswerFormat answer_format() const;
  [[nodiscard]] std::size_t branches(const Question& question) const;
  void check_question(const Question& question) const;

  void check(const Where& where) const;

  static constexpr auto fields() {
    return Fields(Field("system", &PlanSolve::system, "system message; empty for none"),
                  Field("plan_tokens", &PlanSolve::plan_tokens, "largest number of tokens of plan", 1, 1'000'000),
                  Field("solve_tokens", &PlanSolve::solve_tokens, "largest number of tokens of solve", 1, 1'000'000),
                  Field("state_tokens", &PlanSolve::state_tokens, "largest number of tokens of state", 1, 1'000'000));
  }
  friend bool operator==(const PlanSolve&, const PlanSolve&) = default;
};

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/plan_solve.hpp"
#endif
