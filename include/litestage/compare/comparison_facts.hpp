// The facts that a comparison's file states about how it was made, and the identity of its journal.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/compare/comparison_settings.hpp"
#include "litestage/settings/fields_form.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::compare {

// Everything that the records of a comparison's journal depend on. A journal with another identity is not used. The
// methods, their plan and stages, and the context are not part of it, because each record says for which policies and
// contexts it holds: the comparison can be continued with other methods, or with another plan. Only the traces of
// tokens depend on plan and stages. `packs`: whether the backend keeps repacked weights.
[[nodiscard]] inline Form journal_identity(const calibrate::PlanFacts& facts, bool packs, const ComparedTask& task,
                                           const ComparisonSettings& settings) {
  Form f;
  f.add("work", "compare/4").add("model", facts.model).add("tokenizer", facts.tokenizer);
  f.add("task", task.questions.task).add("questions", tasks::questions_fingerprint(task.questions.list));
  f.add("metric", metric_name(settings)).add("traces", settings.traces);
  if (settings.traces > 0) {
    f.add("plan", task.plan ? Form(task.plan->fingerprint) : Form()).add("stages", task.stages.to_form(true));
  }
  f.add("backend", facts.kernels.backend).add("instruction_set", facts.kernels.instruction_set);
  f.add("threads", facts.kernels.threads).add("kv", name(settings.cache));
  if (!packs) f.add("pack", false);
  // Outcomes hold the answers read from texts, so a journal holds for one way of reading them.
  if (!settings.letters) {
    const AnswerKind kind = task.questions.list.empty() ? AnswerKind::letter : task.questions.list[0].kind;
    f.add("reading", kind == AnswerKind::letter ? "stated/1" : concat(name(kind), "/1"));
  }
  return f;
}

namespace detail {

[[nodiscard]] inline Form plan_form(const ComparedTask& task) {
  if (!task.plan) return {};
  const calibrate::Plan& plan = task.plan->plan;
  Form budgets;
  for (const calibrate::PlanBudget& b : plan.budgets) budgets.add(b.stage, b.count);
  Form f;
  f.add("file", std::filesystem::path(task.plan->path).filename().string());
  f.add("fingerprint", task.plan->fingerprint);
  f.add("task", plan.data.task).add("data", plan.data.file).add("questions", plan.data.ids.size());
  const Form search = write_fields(plan.search);
  for (const char* key : {"metric", "max_loss", "target", "reached"}) f.add(key, search.at(key, "plan"));
  f.add("budgets", std::move(budgets)).add("exit", plan.exit);
  return f;
}

}  // namespace detail

[[nodiscard]] inline Form facts_form(const ModelIdentity& model, int n_layers, const calibrate::PlanFacts& facts,
                                     const ComparedTask& task, const ComparisonSettings& settings) {
  Form f;
  f.add("model", Form()
                     .add("file", model.name)
                     .add("fingerprint", facts.model)
                     .add("tokenizer", facts.tokenizer)
                     .add("n_layers", n_layers));
  f.add("backend", facts.kernels.backend).add("instruction_set", facts.kernels.instruction_set);
  f.add("threads", facts.kernels.threads).add("kv", name(settings.cache));
  f.add("context", settings.context).add("batch", settings.batch);
  f.add("task", task.questions.task).add("metric", metric_name(settings));
  f.add("data", Form().add("file", task.questions.file).add("fingerprint", task.questions.fingerprint));
  f.add("stages", task.stages.to_form(true)).add("plan", detail::plan_form(task));
  return f;
}

}  // namespace litestage::compare
