// The facts of a run that a plan must match: model, tokenizer, kernels, questions.
#pragma once

#include <string>

#include "litestage/calibrate/plan/plan_parts.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/tasks/question_set.hpp"
#include "litestage/tasks/subset.hpp"

namespace litestage::calibrate {

struct PlanFacts {
  std::string model;      // fingerprint of the file
  std::string tokenizer;  // fingerprint
  PlanKernels kernels;
  // Value that plans of earlier versions hold in place of `model` (io::sampled_fingerprint). If empty, such plans are
  // refused.
  std::string sampled_model{};
};

template <Backend B>
[[nodiscard]] PlanKernels kernels_of(const B& backend, KvType kv) {
  PlanKernels k{.backend = backend.name(), .instruction_set = backend.instruction_set(), .kv = kv};
  if constexpr (requires { backend.threads(); }) k.threads = backend.threads();
  return k;
}

[[nodiscard]] inline PlanFacts plan_facts(const ModelIdentity& model, const PlanKernels& kernels) {
  return {.model = model.fingerprint,
          .tokenizer = model.tokenizer,
          .kernels = kernels,
          .sampled_model = model.sampled_fingerprint};
}
template <Backend B>
[[nodiscard]] PlanFacts plan_facts(const LanguageModel<B>& model, KvType kv) {
  return plan_facts(model.identity(), kernels_of(model.backend(), kv));
}

[[nodiscard]] inline PlanData plan_data(const tasks::QuestionSet& set) {
  PlanData data;
  data.task = set.task;
  data.file = set.file;
  data.fingerprint = set.fingerprint;
  for (const Question& q : set.list) {
    data.ids.push_back(q.id);
    data.contents.push_back(tasks::content_hash(q));
  }
  return data;
}

}  // namespace litestage::calibrate
