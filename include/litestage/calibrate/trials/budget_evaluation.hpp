// The evaluator of a search: what its budgets stand for is walked through the model, judged by the metric, and timed by
// the latency model as if each question had the machine for itself.
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
#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"
#include "litestage/engine/segment.hpp"

namespace litestage::calibrate {

// What a policy decides in each stage, where that depends on the phase alone.
struct StageDecisions {
  Decisions prefill, decode;
  friend bool operator==(const StageDecisions&, const StageDecisions&) = default;
};

// "3f00/3f00": the skipped sub-layers of prefill and decode, four to a hexadecimal digit, the lowest first; and
// whatever else a decision can say.
[[nodiscard]] inline std::string spelling(const Decisions& decisions) {
  std::string digits, rest;
  for (std::size_t u = 0; u < decisions.size(); u += 4) {
    unsigned bits = 0;
    for (std::size_t k = u; k < std::min(u + 4, decisions.size()); ++k)
      bits |= (decisions[k].skip ? 8u : 0u) >> (k - u);
    digits += "0123456789abcdef"[bits];
  }
  for (std::size_t u = 0; u < decisions.size(); ++u) {
    const SkipDecision& d = decisions[u];
    if (d.scale != 1) rest += concat(",", u, "*", number_text(d.scale));
    if (d.kv != KvOnSkip::none) rest += concat(",", u, ":", static_cast<int>(d.kv));
  }
  return digits + rest;
}
[[nodiscard]] inline std::string spelling(const StageDecisions& d) {
  return concat(spelling(d.prefill), "/", spelling(d.decode));
}

template <class Skip, StageSchedule Stages>
[[nodiscard]] std::vector<StageDecisions> stage_decisions(const Skip& skip, const Stages& stages, int n_layers) {
  std::vector<StageDecisions> all;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageInfo stage = stages.stage(i);
    const auto state = skip.begin({n_layers, static_cast<int>(i), stage.name, stage.max_new_tokens});
    all.push_back({decide_all(skip, state, {Phase::prefill, 0}, n_layers),
                   decide_all(skip, state, {Phase::decode, 0}, n_layers)});
  }
  return all;
}

// Whether what it decides in a stage depends on the phase alone, so that `stage_decisions` says it all.
template <class Skip, StageSchedule Stages>
[[nodiscard]] bool decides_by_phase(const Skip& skip, const Stages& stages, int n_layers) {
  if (any(stats_read(skip))) return false;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageInfo stage = stages.stage(i);
    const auto state = skip.begin({n_layers, static_cast<int>(i), stage.name, stage.max_new_tokens});
    const Decisions first = decide_all(skip, state, {Phase::decode, 0}, n_layers);
    for (int t = 1; t < stage.max_new_tokens; ++t) {
      if (decide_all(skip, state, {Phase::decode, t}, n_layers) != first) return false;
    }
  }
  return true;
}

// Seconds of one question at batch 1, stage by stage, without the letters' step. A stage reuses what the one before it
// left in the cache as far as the decisions are the same (engine/stage_run.hpp). `signals`: an early exit reads them.
[[nodiscard]] inline std::vector<double> predicted_stage_seconds(const LatencyModel& latency,
                                                                 std::span<StageResult* const> path,
                                                                 std::span<const StageDecisions> decisions,
                                                                 bool signals) {
  std::vector<double> seconds;
  for (std::size_t s = 0; s < decisions.size(); ++s) {
    if (path[s]->report.branches.empty()) {  // its prompt outgrew the context, so it did not run
      seconds.push_back(0);
      continue;
    }
    int reused = 0;
    if (s > 0 && decisions[s].prefill == decisions[s - 1].prefill) {
      const bool answer_too = decisions[s].prefill == decisions[s - 1].decode;
      reused = reused_tokens(*path[s], *path[s - 1], answer_too ? Reuse::prompt_and_answer : Reuse::prompt);
    }
    const StageShape shape = shape_of(*path[s], reused, signals);
    seconds.push_back(latency.stage_seconds(shape, decisions[s].prefill, decisions[s].decode));
  }
  return seconds;
}
[[nodiscard]] inline double predicted_seconds(const LatencyModel& latency, std::span<StageResult* const> path,
                                              std::span<const StageDecisions> decisions, bool signals) {
  double sum = 0;
  for (const double s : predicted_stage_seconds(latency, path, decisions, signals)) sum += s;
  return sum;
}

using PathSeconds = std::function<double(std::span<StageResult* const>)>;

[[nodiscard]] inline Outcome outcome_of(const Judge& judge, std::size_t question, std::span<StageResult* const> path,
                                        const PathSeconds& seconds) {
  Outcome o{judge.correct(question, judge.predicted(question, path)), seconds(path), 0};
  for (const StageResult* stage : path) o.tokens += stage->report.generated_tokens;
  return o;
}

// What an element of a search space stands for.
template <class Skip, class Exit>
struct Candidate {
  Variant<Skip, Exit> variant;
  // What a question costs, for its way through the stages: what the search makes small.
  PathSeconds seconds;
};

template <Backend B, class Skip, class Exit, StageSchedule Stages>
class BudgetEvaluation {
 public:
  using Evaluation = StagedEvaluation<B, Skip, Exit, Stages>;
  using Make = std::function<Candidate<Skip, Exit>(const Budgets&)>;

  // `evaluation` and `judge` outlive this; letters are scored if the judge needs them.
  BudgetEvaluation(Evaluation& evaluation, const Judge& judge, Make make)
      : evaluation_(&evaluation), judge_(&judge), make_(std::move(make)) {}

  // An Evaluator: one outcome to each trial.
  std::vector<Outcome> operator()(std::span<const Trial> trials) {
    std::vector<typename Evaluation::Work> work;
    for (const Trial& t : trials) work.push_back({&candidate(t.budgets).variant, t.question});
    const std::vector<typename Evaluation::Path> paths = evaluation_->run(work);
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      outcomes.push_back(outcome_of(*judge_, trials[i].question, paths[i], candidate(trials[i].budgets).seconds));
    }
    return outcomes;
  }

 private:
  const Candidate<Skip, Exit>& candidate(const Budgets& budgets) {
    const auto found = candidates_.find(budgets);
    return found != candidates_.end() ? found->second : candidates_.emplace(budgets, make_(budgets)).first->second;
  }

  Evaluation* evaluation_;
  const Judge* judge_;
  Make make_;
  std::map<Budgets, Candidate<Skip, Exit>> candidates_;
};

}  // namespace litestage::calibrate
