// Checks a plan against this run. Model and tokenizer must be the plan's; its seconds hold only on the kernels that it
// was searched with. Also checks that questions used to judge a plan are not those that it was searched on.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/subset.hpp"

namespace litestage::calibrate {

namespace detail {

[[nodiscard]] inline std::string kernels_text(const PlanKernels& k) {
  return concat("backend ", shown(k.backend), ", instruction set ", shown(k.instruction_set), ", ", k.threads,
                k.threads == 1 ? " thread" : " threads", ", K/V ", name(k.kv));
}

[[nodiscard]] inline bool names_sampled_model(const Plan& plan, const PlanFacts& facts) {
  return !facts.sampled_model.empty() && plan.model.fingerprint == facts.sampled_model;
}

}  // namespace detail

// Throws an Error if the plan (`where`: "--plan FILE") is for a different model or tokenizer. Returns a sentence if
// only its seconds do not hold here, else nothing.
[[nodiscard]] inline std::optional<std::string> check_plan(const Plan& plan, const PlanFacts& facts,
                                                           const Where& where) {
  const auto need = [&](std::string_view key, const std::string& found, const std::string& expected,
                        std::string_view what) {
    if (found != expected)
      throw Error(concat(where.at(key).str(), ": found ", found_text(Form(found)), ", expected ",
                         found_text(Form(expected)), ", the ", what, " in use: a plan holds for its own only"));
  };
  if (!detail::names_sampled_model(plan, facts))
    need("model.fingerprint", plan.model.fingerprint, facts.model, "model");
  need("model.tokenizer", plan.model.tokenizer, facts.tokenizer, "tokenizer");
  if (plan.kernels == facts.kernels) return std::nullopt;
  return concat(where.at("kernels").str(), ": the plan's seconds are of ", detail::kernels_text(plan.kernels),
                " and do not hold for ", detail::kernels_text(facts.kernels));
}

// Returns a sentence, without its full stop, if the plan and the model in use were compared by samples of the file
// only.
[[nodiscard]] inline std::optional<std::string> sampled_model(const Plan& plan, const PlanFacts& facts,
                                                              const Where& where) {
  if (!detail::names_sampled_model(plan, facts)) return std::nullopt;
  return concat(
      where.at("model.fingerprint").str(), ": the plan names its model by samples of the weights only, as ",
      "earlier versions did, so a model edited elsewhere would pass for it; to have every byte checked, make ",
      "the plan again or, if you know that this model is its own, write \"", facts.model, "\" there");
}

// Returns a sentence, without its full stop, if some of the questions are among those that the plan was searched on.
// Contents are compared, not ids.
[[nodiscard]] inline std::optional<std::string> searched_among(const Plan& plan, const std::vector<Question>& questions,
                                                               const std::string& plan_path) {
  const std::set<std::string> searched(plan.data.contents.begin(), plan.data.contents.end());
  std::size_t common = 0;
  std::string first;
  for (const Question& q : questions) {
    if (!searched.contains(tasks::content_hash(q))) continue;
    if (common++ == 0) first = q.id;
  }
  if (common == 0) return std::nullopt;
  return concat(plan_path, ": ", common, " of the ", questions.size(), " questions (the first is ", shown(first),
                ") are those that the plan was searched on");
}

// Throws an Error if some of the questions are among those that the plan was searched on.
inline void check_apart(const Plan& plan, const std::vector<Question>& questions, const std::string& plan_path) {
  if (const auto sentence = searched_among(plan, questions, plan_path))
    throw Error(concat(*sentence, ", expected others: a plan is not judged by what it was fitted to"));
}

}  // namespace litestage::calibrate
