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

#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"

namespace litestage::calibrate {

using PathCost = std::function<double(std::span<const PathStep>)>;

[[nodiscard]] inline Outcome outcome_of(const Judge& judge, std::size_t question, std::span<const PathStep> path,
                                        const PathCost& cost) {
  Outcome o{judge.correct(question, judge.predicted(question, path)), cost(path), 0, judge.score(path)};
  for (const PathStep& step : path) o.tokens += step.result->report.chosen_tokens();
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

  // `evaluation` and `judge` outlive this object. The evaluation scores what the judge needs.
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
