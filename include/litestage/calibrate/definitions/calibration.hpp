// The phases of a calibration. They are templates over the backend, so every program has these definitions; those that
// use a backend of litestage::compiled do not compile them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/calibrate/calibration.hpp"
#include "litestage/calibrate/latency/latency_probe.hpp"
#include "litestage/calibrate/search/racing.hpp"
#include "litestage/calibrate/trials/predicted_seconds.hpp"
#include "litestage/calibrate/trials/replay_exit.hpp"

namespace litestage::calibrate {

template <Backend B>
Calibration<B>::Calibration(LanguageModel<B> model, AnySchedule stages, std::span<const Question> questions,
                            CalibrationSettings settings, Journal& journal, const Progress& progress)
    : settings_(std::move(settings)),
      judge_(settings_.metric, stages.answer_format(), questions),
      progress_(progress),
      model_(model),
      evaluation_(std::move(model), std::move(stages), questions, evaluation_options(progress), journal) {
  check_tunable(settings_.exit);
}

template <Backend B>
Calibration<B>::~Calibration() = default;

template <Backend B>
SearchWork Calibration<B>::work() const {
  SearchWork work = work_;
  work.generated = evaluation_.evaluation().generated();
  work.restored = evaluation_.restored();
  work.left_out = evaluation_.left_out();
  return work;
}

template <Backend B>
const std::map<std::size_t, NoRoom>& Calibration<B>::without_room() const {
  return evaluation_.evaluation().without_room();
}

template <Backend B>
LatencyModel Calibration<B>::latency() {
  return latency([this] { return probe(); });
}

template <Backend B>
LatencyModel Calibration<B>::latency(const std::function<LatencyModel()>& measure) {
  return evaluation_.latency(measure);
}

template <Backend B>
Importance Calibration<B>::importance() {
  progress_.begin("importance of sub-layers", "questions");
  return evaluation_.importance();
}

template <Backend B>
FullDepth Calibration<B>::full_depth(const LatencyModel& latency) {
  progress_.begin("full depth", "questions");
  const auto full = evaluation_.setting(Skip());
  const auto decisions = stage_decisions(full.skip, evaluation_.stages(), evaluation_.config().n_layers);
  const std::vector<Path> paths = evaluation_.run_all(full);
  std::vector<Answer> predicted;
  for (std::size_t q = 0; q < paths.size(); ++q) predicted.push_back(judge_.predicted(q, paths[q]));
  FullDepth f{.judge = judge_.agreeing_with(predicted),
              .predicted = std::move(predicted),
              .stage_seconds = std::vector<double>(evaluation_.stages().size()),
              .slowest_first = {}};
  for (const Path& path : paths) {
    const std::vector<double> seconds = predicted_stage_seconds(latency, path, decisions, false);
    for (std::size_t s = 0; s < seconds.size(); ++s)
      f.stage_seconds[s] += seconds[s] / static_cast<double>(paths.size());
  }
  f.slowest_first.resize(f.stage_seconds.size());
  std::iota(f.slowest_first.begin(), f.slowest_first.end(), std::size_t{0});
  std::stable_sort(f.slowest_first.begin(), f.slowest_first.end(),
                   [&](std::size_t a, std::size_t b) { return f.stage_seconds[a] > f.stage_seconds[b]; });
  return f;
}

template <Backend B>
SearchResult Calibration<B>::budgets(const AnyStrategy& strategy, const LatencyModel& latency,
                                     const Importance& importance, const FullDepth& full) {
  SearchSpace space = space_of(evaluation_.stages().size());
  for (std::size_t s = 0; s < space.axes.size(); ++s) space.axes[s] = evaluation_.stages().stage(s).name;
  space.order = full.slowest_first;
  space.rerun = full.rerun();
  const int most = settings_.most.value_or(evaluation_.config().n_sublayers() - 2);
  for (int n = 0; n <= most; n += settings_.step) space.values.push_back(n);
  progress_.begin("budgets", "trials", space.axes);
  return search(strategy, space, full.judge,
                [&](const Candidate& b) { return timed(latency, lite_stage(importance, b), std::nullopt); });
}

template <Backend B>
ExitChoice Calibration<B>::early_exit(const LatencyModel& latency, const Importance& importance, const FullDepth& full,
                                      const SearchResult& found) {
  progress_.begin("early exit", "trials");
  const Skip skip = lite_stage(importance, found.best.candidate);
  const std::vector<Exit> tried = exits_to_try(skip);
  const auto exit_of = [&](const Candidate& at) { return at[0] == 0 ? std::optional<Exit>() : tried[at[0] - 1]; };
  Racing thorough;
  // Candidates of a larger window start from the lowest threshold again: that those before them lost much says nothing
  // of them, so the search does not give up a range of values.
  thorough.give_up = 1;
  SearchSpace space = line(tried.size());
  space.least_accuracy = found.target;
  const SearchResult result =
      search(thorough, space, full.judge, [&](const Candidate& at) { return timed(latency, skip, exit_of(at)); });
  ExitChoice choice;
  for (const Point& p : result.points) choice.curve.emplace_back(exit_of(p.candidate), p);
  choice.exit = exit_of(result.best.candidate);
  return choice;
}

template <Backend B>
BaselineChoice Calibration<B>::largest(const AnyStrategy& strategy, const Baseline& baseline, const FullDepth& full) {
  progress_.begin(baseline.name, "trials");
  const double all = evaluation_.config().n_sublayers();
  const SearchSpace space = line(baseline.settings.size() - 1);
  const SearchResult found = search(strategy, space, full.judge, [&](const Candidate& at) {
    const BaselineSetting& setting = baseline.settings[at[0]];
    const double runs = 1 - setting.skipped / all;
    return Setup<Skip, Exit>{evaluation_.setting(setting.policy), [runs](std::span<const PathStep>) { return runs; }};
  });
  return {baseline.name, baseline.settings[found.best.candidate[0]], found.best};
}

template <Backend B>
skip::Standard Calibration<B>::lite_stage(const Importance& importance, const Candidate& budgets) const {
  skip::LiteStage policy;
  for (const Sublayer u : importance.ranking(settings_.rank_by)) policy.ranking.push_back(sublayer_name(u));
  for (std::size_t s = 0; s < budgets.size(); ++s) policy.budgets[evaluation_.stages().stage(s).name] = budgets[s];
  policy.phase = settings_.phase;
  policy.kv = settings_.kv;
  return policy;
}

template <Backend B>
Score Calibration<B>::score(const LatencyModel& latency, const FullDepth& full, const Skip& skip,
                            const std::optional<Exit>& exit) {
  const Setup<Skip, Exit> plan = timed(latency, skip, exit);
  Score score;
  score.stage_tokens.assign(evaluation_.stages().size(), 0);
  const std::vector<Path> paths = evaluation_.run_all(plan.variant);
  for (std::size_t q = 0; q < paths.size(); ++q) {
    score.predicted.push_back(full.judge.predicted(q, paths[q]));
    score.outcomes.push_back(outcome_of(full.judge, q, paths[q], plan.cost));
    for (std::size_t s = 0; s < score.stage_tokens.size(); ++s)
      score.stage_tokens[s] += paths[q][s].result->report.generated_tokens / static_cast<double>(paths.size());
  }
  return score;
}

template <Backend B>
EvaluationOptions Calibration<B>::evaluation_options(const Progress& progress) {
  EvaluationOptions options;
  options.batch = settings_.batch;
  options.context = settings_.context;
  options.kv = settings_.cache;
  options.generation.trace = trace_of(settings_.criterion);
  options.scored = judge_.scored();
  options.keep_going = progress.keep_going;
  options.on_progress = [this](std::size_t ended, std::size_t total) { progress_.work(ended, total); };
  return options;
}

template <Backend B>
LatencyModel Calibration<B>::probe() {
  progress_.begin("measuring this machine", "%");
  ProbeOptions p;
  p.seconds = settings_.probe_seconds;
  p.kv = settings_.cache;
  p.model = model_.identity().fingerprint;
  p.signals = signals_read(settings_.criterion);
  const Prompt prompt = evaluation_.stages().prompts(0, {evaluation_.questions()[0], {}}).at(0);
  p.encode = [this, prompt] { return model_.tokenizer().encode(prompt).size(); };
  p.on_progress = [this](double share) { progress_.share(share); };
  return measure_latency(model_, std::move(p));
}

template <Backend B>
std::vector<early_exit::Standard> Calibration<B>::exits_to_try(const Skip& skip) {
  if (!std::holds_alternative<LowConfidence>(settings_.exit.active())) return settings_.exit.ladder();
  std::vector<const StageReport*> stages;
  for (const Path& path : evaluation_.run_all(evaluation_.setting(skip))) {
    for (std::size_t s = 0; s < evaluation_.stages().size(); ++s) stages.push_back(&path[s].result->report);
  }
  std::vector<Exit> exits;
  for (const LowConfidence& exit : exit_candidates(stages, settings_.criterion, settings_.exits)) exits.push_back(exit);
  return exits;
}

// LowConfidence is replayed on stages that were generated without an exit. Other exits may depend on more than the
// recorded confidences and change the text, so their stages are generated.
template <Backend B>
Setup<skip::Standard, early_exit::Standard> Calibration<B>::timed(const LatencyModel& latency, const Skip& skip,
                                                                  const std::optional<Exit>& exit) const {
  Setup<Skip, Exit> c{.variant = evaluation_.setting(skip, exit), .cost = nullptr};
  c.cost = [&latency, signals = exit && any(signals_read(*exit)),
            decisions = stage_decisions(skip, evaluation_.stages(), evaluation_.config().n_layers)](
               std::span<const PathStep> path) { return predicted_seconds(latency, path, decisions, signals); };
  return c;
}

template <Backend B>
SearchSpace Calibration<B>::space_of(std::size_t axes) {
  SearchSpace space;
  space.axes.resize(axes);
  space.questions = evaluation_.questions().size();
  space.by_score = judge_.by_score();
  space.max_loss = space.by_score ? settings_.max_score_loss : settings_.max_loss;
  if (!space.by_score) space.least_accuracy = settings_.least_accuracy;
  space.on_progress = [this](const SearchProgress& p) { progress_.search(p); };
  return space;
}

template <Backend B>
SearchSpace Calibration<B>::line(std::size_t n) {
  SearchSpace space = space_of(1);
  space.order = {0};
  for (std::size_t i = 0; i <= n; ++i) space.values.push_back(static_cast<int>(i));
  return space;
}

template <Backend B>
SearchResult Calibration<B>::search(const AnyStrategy& strategy, const SearchSpace& space, const Judge& judge,
                                    const std::function<Setup<Skip, Exit>(const Candidate&)>& make) {
  BudgetEvaluation<RecordedEvaluation<B>, Skip, Exit> evaluate(evaluation_, judge, make);
  return strategy.search(space, [&](std::span<const Trial> trials) {
    std::vector<Outcome> outcomes = evaluate(trials);
    work_.trials += trials.size();
    for (const Outcome& o : outcomes) work_.tokens_of_trials += static_cast<std::int64_t>(o.tokens);
    return outcomes;
  });
}

}  // namespace litestage::calibrate
