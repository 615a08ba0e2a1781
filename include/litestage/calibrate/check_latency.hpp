// Compares the latency model with measured times on a few questions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "litestage/calibrate/calibrate.hpp"
#include "litestage/compiled/standard_policies.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/pipeline/progress.hpp"

namespace litestage::calibrate {

struct LatencyCheck {
  std::vector<double> predicted, measured;  // [runs] seconds; runs alternate between full depth and the plan's budgets
};

// Runs each of the first n questions twice at batch 1: once at full depth, once with the plan's budgets, both without
// an exit policy. If progress.keep_going returns false, it returns the runs made so far.
template <Backend B>
[[nodiscard]] LatencyCheck check_latency(const LanguageModel<B>& model, const tasks::QuestionSet& questions,
                                         const stages::Standard& stages, const Calibrated& found, std::size_t n,
                                         std::size_t context, const Progress& progress) {
  using Plain = Pipeline<B, skip::Standard, early_exit::Never, stages::Standard>;
  PipelineOptions options;
  options.context = context;
  options.kv = found.plan.kernels.kv;
  options.forget_questions = true;
  options.keep_going = progress.keep_going;
  Plain full(model, {}, {}, stages, options), budgets(model, lite_stage(found.plan), {}, stages, options);
  const auto ask = [&](Plain* pipeline, std::size_t q) {
    return pipeline->run(std::span<const Question>(&questions.list.at(q), 1));
  };
  LatencyCheck check;
  // Each pipeline answers one question before the measurement, so that its memory is allocated.
  for (Plain* pipeline : {&full, &budgets}) {
    if (ask(pipeline, 0).empty()) return check;
  }
  for (std::size_t q = 0; q < std::min(n, questions.list.size()); ++q) {
    for (Plain* pipeline : {&full, &budgets}) {
      const std::vector<QuestionReport> report = ask(pipeline, q);
      if (report.empty()) return check;
      check.measured.push_back(report[0].seconds);
      check.predicted.push_back((pipeline == &full ? found.full_seconds : found.budget_seconds)[q]);
    }
  }
  return check;
}

}  // namespace litestage::calibrate
