// The cost of a candidate of the search: the seconds that a latency model predicts for a question, from the lengths of
// the texts that were generated under the candidate.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/calibrate/trials/stage_decisions.hpp"
#include "litestage/calibrate/trials/stage_memo.hpp"

namespace litestage::calibrate {

// Predicted seconds of one question at batch 1 [stages], without the step that scores the option letters. A stage
// reuses K/V entries of the stage before it as far as both have the same decisions (engine/run/stage_run.hpp).
// `signals`: whether an early exit reads them.
[[nodiscard]] inline std::vector<double> predicted_stage_seconds(const LatencyModel& latency,
                                                                 std::span<const PathStep> path,
                                                                 std::span<const StageDecisions> decisions,
                                                                 bool signals) {
  std::vector<double> seconds;
  for (std::size_t s = 0; s < decisions.size(); ++s) {
    if (path[s].result->report.branches.empty()) {  // the prompt outgrew the context, so the stage did not run
      seconds.push_back(0);
      continue;
    }
    int reused = 0;
    if (s > 0 && decisions[s].prefill == decisions[s - 1].prefill) {
      const bool answer_too = decisions[s].prefill == decisions[s - 1].decode;
      reused = reused_tokens(path[s], path[s - 1], answer_too ? Reuse::prompt_and_answer : Reuse::prompt);
    }
    const StageShape shape = shape_of(path[s], reused, signals);
    seconds.push_back(latency.stage_seconds(shape, decisions[s].prefill, decisions[s].decode));
  }
  return seconds;
}
[[nodiscard]] inline double predicted_seconds(const LatencyModel& latency, std::span<const PathStep> path,
                                              std::span<const StageDecisions> decisions, bool signals) {
  double sum = 0;
  for (const double s : predicted_stage_seconds(latency, path, decisions, signals)) sum += s;
  return sum;
}

}  // namespace litestage::calibrate
