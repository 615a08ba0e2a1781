// What `calibrate` makes of its options, its plan, and what it says about it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iosfwd>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/calibrate_options.hpp"
#include "cli/job.hpp"
#include "cli/plan_file.hpp"
#include "cli/progress.hpp"
#include "litestage/calibrate/calibration.hpp"
#include "litestage/calibrate/search/strategy.hpp"
#include "litestage/engine/pipeline.hpp"

namespace litestage::cli {

[[nodiscard]] confidence::Standard read_criterion(const std::string& spec);
[[nodiscard]] calibrate::Standard read_strategy(const std::string& spec);
[[nodiscard]] calibrate::CalibrationSettings calibration_settings(const CalibrateOptions& options);
[[nodiscard]] std::string calibrate_help();

[[nodiscard]] calibrate::Plan make_plan(const Job& job, const calibrate::PlanFacts& facts,
                                        const calibrate::PlanData& data, const calibrate::CalibrationSettings& settings,
                                        const calibrate::Standard& strategy, const calibrate::Importance& importance,
                                        const calibrate::SearchResult& found, const calibrate::ExitChoice& exits,
                                        const std::vector<calibrate::BaselineChoice>& largest,
                                        const calibrate::Score& full, const calibrate::Score& plan);

// Prints the ranking, writes it where --json asks for it; the exit code.
int report_importance(const calibrate::Importance& importance, calibrate::CosineOf rank_by, const Job& job);
void report_full_depth(std::ostream& out, const Job& job, const calibrate::Score& full, calibrate::Metric metric);
void report_plan(std::ostream& out, const calibrate::Plan& plan, const calibrate::SearchWork& work);
// Questions that some setting left without an answer, where there are any.
void report_without_room(std::ostream& out, const Job& job, const std::map<std::size_t, NoRoom>& questions);
void report_latency(std::ostream& out, std::span<const double> predicted, std::span<const double> measured);
void next_steps(std::ostream& out, const CalibrateOptions& options);

// Runs a few questions at batch 1, at full depth and under the plan in turns, and compares the clock with the latency
// model.
template <class Backend, class Run>
void check_latency(std::ostream& out, Backend& backend, const Model<Backend>& model, const Job& job,
                   const calibrate::Plan& plan, Run& run, int questions) {
  const std::size_t n = std::min(static_cast<std::size_t>(questions), job.questions.size());
  PipelineOptions options;
  options.context = job.options.context;
  options.kv = plan.kernels.kv;
  options.forget_questions = true;
  options.keep_going = [] { return !interrupted(); };
  using Plain = Pipeline<Backend, skip::Standard, early_exit::Never, stages::Standard>;
  calibrate::Budgets budgets;
  for (const calibrate::PlanBudget& b : plan.budgets) budgets.push_back(b.count);
  const skip::Standard lite = run.lite_stage(budgets);
  Plain full(backend, model, job.codec, {}, {}, job.policies.stages, options);
  Plain fast(backend, model, job.codec, lite, {}, job.policies.stages, options);
  const auto expected_full = run.score({}, std::nullopt).outcomes,
             expected_fast = run.score(budgets, std::nullopt).outcomes;
  std::vector<double> predicted, measured;
  const auto ask = [&](Plain* pipeline, std::size_t q) {
    return pipeline->run(std::span<const Question>(&job.questions[q], 1));
  };
  // Ctrl-C ends in no report; the plan is written. Each answers once before the clock counts, so that memory is there.
  for (Plain* pipeline : {&full, &fast}) {
    if (ask(pipeline, 0).empty()) return;
  }
  for (std::size_t q = 0; q < n; ++q) {
    for (Plain* pipeline : {&full, &fast}) {
      const std::vector<QuestionReport> report = ask(pipeline, q);
      if (report.empty()) return;
      measured.push_back(report[0].seconds);
      predicted.push_back((pipeline == &full ? expected_full : expected_fast)[q].seconds);
    }
  }
  report_latency(out, predicted, measured);
}

}  // namespace litestage::cli
