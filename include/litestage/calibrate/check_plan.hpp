// Whether a plan holds here: for this model and tokenizer it must, or it is of no use; its seconds hold on the kernels
// that it was searched with only.
#pragma once

#include <optional>
#include <string>

#include "litestage/calibrate/plan.hpp"

namespace litestage::calibrate {

// What a program runs with.
struct PlanFacts {
  std::string model;      // fingerprint of the file
  std::string tokenizer;  // fingerprint
  PlanKernels kernels;
};

namespace detail {

[[nodiscard]] inline std::string kernels_text(const PlanKernels& k) {
  return concat("backend ", k.backend, ", instruction set ", k.instruction_set, ", ", k.threads,
                k.threads == 1 ? " thread" : " threads", ", K/V ",
                EnumNames<KvType>::names[static_cast<std::size_t>(k.kv)]);
}

}  // namespace detail

// An Error if the plan (`where`: "--plan FILE") is for another model or tokenizer. Else what does not hold all the
// same, as one sentence: nothing, or the seconds.
[[nodiscard]] inline std::optional<std::string> check_plan(const Plan& plan, const PlanFacts& facts,
                                                           const Where& where) {
  const auto need = [&](std::string_view key, const std::string& found, const std::string& accepted,
                        std::string_view what) {
    if (found != accepted)
      throw Error(concat(where.at(key).str(), ": found ", found_text(Form(found)), ", accepted is ",
                         found_text(Form(accepted)), ", the ", what, " in use: a plan holds for its own only"));
  };
  need("model.fingerprint", plan.model.fingerprint, facts.model, "model");
  need("model.tokenizer", plan.model.tokenizer, facts.tokenizer, "tokenizer");
  if (plan.kernels == facts.kernels) return std::nullopt;
  return concat(where.at("kernels").str(), ": the plan's seconds are of ", detail::kernels_text(plan.kernels),
                " and do not hold for ", detail::kernels_text(facts.kernels));
}

// For those who use the plan's seconds: an Error also if these do not hold.
inline void check_plan_seconds(const Plan& plan, const PlanFacts& facts, const Where& where) {
  if (const auto difference = check_plan(plan, facts, where)) throw Error(*difference);
}

}  // namespace litestage::calibrate
