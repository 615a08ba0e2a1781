// Runs a whole calibration, from a model and questions to a plan: it measures how redundant each sub-layer is and how
// long steps take on this machine, and searches for the number of sub-layers that each stage can skip and for the early
// exit.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "litestage/calibrate/calibration.hpp"
#include "litestage/calibrate/make_plan.hpp"
#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/calibrate/search/strategy.hpp"
#include "litestage/stages/standard.hpp"
#include "litestage/tasks/question_set.hpp"

namespace litestage::calibrate {

// Everything that the records of a calibration's journal depend on. A journal with another identity is refused. The
// context is not part of it, because each record says for which contexts it holds. `packs`: whether the backend keeps
// repacked weights.
[[nodiscard]] inline Form journal_identity(const PlanFacts& facts, bool packs, const tasks::QuestionSet& questions,
                                           const stages::Standard& stages, const CalibrationSettings& settings) {
  Form f;
  // The number counts changes after which the records of older journals no longer fit.
  f.add("work", "calibrate/2").add("model", facts.model).add("tokenizer", facts.tokenizer).add("task", questions.task);
  f.add("questions", tasks::questions_fingerprint(questions.list)).add("stages", stages.to_form(true));
  f.add("backend", facts.kernels.backend).add("instruction_set", facts.kernels.instruction_set);
  f.add("threads", facts.kernels.threads).add("kv", name(settings.cache));
  f.add("criterion", settings.criterion.to_form(true));
  if (!packs) f.add("pack", false);
  return f;
}

// Callbacks for progress reports. Every member may stay empty.
struct CalibrationEvents {
  // Called when the journal has been read, before anything is run.
  std::function<void(const SearchWork&)> on_journal = nullptr;
  // Called when full depth has been scored, before the searches.
  std::function<void(const Score&)> on_full_depth = nullptr;
};

struct Calibrated {
  Plan plan;
  SearchWork work;
  std::map<std::size_t, NoRoom> without_room;  // questions that did not fit into the context under some candidate
  // [questions] predicted; budget_seconds: the budgets without the exit.
  std::vector<double> full_seconds, budget_seconds;
};

namespace detail {

[[nodiscard]] inline std::vector<double> seconds_of(const Score& score) {
  std::vector<double> seconds;
  for (const Outcome& o : score.outcomes) seconds.push_back(o.cost);
  return seconds;
}

}  // namespace detail

// Runs all phases. `questions` and `journal` outlive the call. Throws Stopped if progress.keep_going returns false; the
// journal then holds everything that was finished, and the same call continues from there.
template <Backend B, SearchStrategy Strategy = Standard>
[[nodiscard]] Calibrated calibrate(const LanguageModel<B>& model, const tasks::QuestionSet& questions,
                                   const stages::Standard& stages, const CalibrationSettings& settings,
                                   Journal& journal, const Progress& progress, const Strategy& strategy = {},
                                   const CalibrationEvents& events = {}) {
  Calibration<B> run(model, stages, questions.list, settings, journal, progress);
  if (events.on_journal) events.on_journal(run.work());
  const LatencyModel latency = run.latency();
  Findings found;
  found.importance = run.importance();
  const FullDepth full = run.full_depth(latency);
  found.full = run.score(latency, full, run.lite_stage(found.importance, {}), std::nullopt);
  progress.end();
  if (events.on_full_depth) events.on_full_depth(found.full);
  found.budgets = run.budgets(strategy, latency, found.importance, full);
  if (found.budgets.reached && !settings.exits.windows.empty())
    found.exits = run.early_exit(latency, found.importance, full, found.budgets);
  if (settings.baselines) {
    for (const Baseline& b : baselines(found.importance)) found.baselines.push_back(run.largest(strategy, b, full));
  }
  const auto budgets = run.lite_stage(found.importance, found.budgets.best.candidate);
  found.plan = run.score(latency, full, budgets, found.exits.exit);
  progress.end();
  const PlanFacts facts = plan_facts(model, settings.cache);
  const PlanModel plan_model{model.identity().name, facts.model, facts.tokenizer, model.config().n_layers};
  return {make_plan(plan_model, facts.kernels, plan_data(questions), stages, settings, strategy.to_form(true), found),
          run.work(), run.without_room(), detail::seconds_of(found.full),
          detail::seconds_of(run.score(latency, full, budgets, std::nullopt))};
}

// Measures only the importance of the sub-layers.
template <Backend B>
[[nodiscard]] Importance importance(const LanguageModel<B>& model, const tasks::QuestionSet& questions,
                                    const stages::Standard& stages, const CalibrationSettings& settings,
                                    Journal& journal, const Progress& progress, const CalibrationEvents& events = {}) {
  Calibration<B> run(model, stages, questions.list, settings, journal, progress);
  if (events.on_journal) events.on_journal(run.work());
  Importance found = run.importance();
  progress.end();
  return found;
}

}  // namespace litestage::calibrate
