// Makes a Plan from the results of the phases of a calibration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "litestage/calibrate/calibration_settings.hpp"
#include "litestage/calibrate/plan/plan.hpp"
#include "litestage/calibrate/plan/plan_facts.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/policy/check_stages.hpp"
#include "litestage/stages/standard.hpp"

namespace litestage::calibrate {

struct Findings {
  Importance importance;
  SearchResult budgets;
  ExitChoice exits;
  std::vector<BaselineChoice> baselines;
  Score full;  // full depth
  Score plan;  // the budgets with the exit
};

// Converts a score to the terms of the plan file.
[[nodiscard]] inline PlanScore plan_score(const Score& score) {
  std::size_t hits = 0;
  double seconds = 0, scores = 0;
  for (const Outcome& o : score.outcomes) {
    hits += o.correct ? 1 : 0;
    seconds += o.cost / static_cast<double>(score.outcomes.size());
    scores += o.score;
  }
  PlanScore s = plan_score(evaluate::proportion(hits, score.outcomes.size()), seconds, score.stage_tokens);
  s.score = scores / static_cast<double>(score.outcomes.size());
  return s;
}

namespace detail {

[[nodiscard]] inline Form exit_form(const std::optional<early_exit::Standard>& exit) {
  return exit.value_or(early_exit::Never{}).to_form(true);
}

[[nodiscard]] inline PlanSearch plan_search(const CalibrationSettings& settings, const Form& strategy,
                                            const SearchResult& found, const std::vector<std::string>& stages) {
  PlanSearch s;
  s.metric = settings.metric;
  s.strategy = strategy;
  if (settings.metric == Metric::gold_log_prob) {
    s.max_score_loss = settings.max_score_loss;
    s.target_score = found.target;
  } else {
    s.max_loss = settings.max_loss;
    s.least_accuracy = settings.least_accuracy;
    s.target = found.target;
  }
  s.reached = found.reached;
  s.points = plan_points(found, stages);
  return s;
}

}  // namespace detail

// `strategy`: the search strategy as a Form.
[[nodiscard]] inline Plan make_plan(const PlanModel& model, const PlanKernels& kernels, const PlanData& data,
                                    const stages::Standard& stages, const CalibrationSettings& settings,
                                    const Form& strategy, const Findings& found) {
  Plan p;
  p.model = model;
  p.data = data;
  p.kernels = kernels;
  p.stages = stages.to_form(true);
  p.importance = found.importance;
  p.ranked_by = settings.rank_by;
  p.ranking = sublayer_names(found.importance.ranking(settings.rank_by));
  const std::vector<std::string> names = stage_names(stages);
  for (std::size_t s = 0; s < names.size(); ++s) p.budgets.push_back({names[s], found.budgets.best.candidate[s]});
  p.phase = settings.phase;
  p.kv = settings.kv;
  p.exit = detail::exit_form(found.exits.exit);
  for (const auto& [exit, point] : found.exits.curve) {
    p.exit_curve.push_back({.exit = detail::exit_form(exit),
                            .questions = static_cast<std::int64_t>(point.questions),
                            .accuracy = point.accuracy,
                            .seconds = point.cost,
                            .tokens = point.tokens,
                            .within_target = point.within_target,
                            .score = point.score});
  }
  p.search = detail::plan_search(settings, strategy, found.budgets, names);
  for (const BaselineChoice& b : found.baselines) {
    p.baselines.push_back({b.name, b.setting.policy.to_form(true), b.setting.skipped, b.point.accuracy,
                           b.point.within_target, b.point.score});
  }
  p.full = plan_score(found.full);
  p.plan = plan_score(found.plan);
  return p;
}

}  // namespace litestage::calibrate
