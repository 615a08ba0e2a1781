// The evaluator of a search: runs the setup of each candidate on questions, judges the answers by the metric, and
// computes their cost.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/calibrate/trials/stage_decisions.hpp"
#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"

namespace litestage::calibrate {

// Predicted seconds of one question at batch 1 [stages], without the step that scores the option letters. A stage
// reuses K/V entries of the stage before it as far as both have the same decisions (engine/stage_run.hpp). `signals`:
// whether an early exit reads them.
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

using PathCost = std::function<double(std::span<const PathStep>)>;

[[nodiscard]] inline Outcome outcome_of(const Judge& judge, std::size_t question, std::span<const PathStep> path,
                                        const PathCost& cost) {
  Outcome o{judge.correct(question, judge.predicted(question, path)), cost(path), 0};
  for (const PathStep& step : path) o.tokens += step.result->report.generated_tokens;
  return o;
}

// The policies that a candidate stands for, and its cost.
template <class Skip, class Exit>
struct Setup {
  Variant<Skip, Exit> variant;
  PathCost cost;  // cost of a question, computed from its path; the search minimises it
};

// Evaluation: a RecordedEvaluation, or any type that runs its kind of Work.
template <class Evaluation, class Skip, class Exit>
class BudgetEvaluation {
 public:
  using Make = std::function<Setup<Skip, Exit>(const Candidate&)>;

  // `evaluation` and `judge` outlive this object. The option letters are scored if the judge needs them.
  BudgetEvaluation(Evaluation& evaluation, const Judge& judge, Make make)
      : evaluation_(&evaluation), judge_(&judge), make_(std::move(make)) {}

  // Makes this an Evaluator: returns one outcome per trial.
  std::vector<Outcome> operator()(std::span<const Trial> trials) {
    std::vector<typename Evaluation::Work> work;
    for (const Trial& t : trials) work.push_back({&setup(t.candidate).variant, t.question});
    const std::vector<Path> paths = evaluation_->run(work);
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      outcomes.push_back(outcome_of(*judge_, trials[i].question, paths[i], setup(trials[i].candidate).cost));
    }
    return outcomes;
  }

 private:
  const Setup<Skip, Exit>& setup(const Candidate& candidate) {
    const auto found = setups_.find(candidate);
    return found != setups_.end() ? found->second : setups_.emplace(candidate, make_(candidate)).first->second;
  }

  Evaluation* evaluation_;
  const Judge* judge_;
  Make make_;
  std::map<Candidate, Setup<Skip, Exit>> setups_;
};

}  // namespace litestage::calibrate
