// From a model and questions to what a plan holds, step by step: latency, importance, budgets, early exit, and how far
// the baselines can go. Every step asks the journal first and tells it what it found.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/calibration_settings.hpp"
#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/importance/measure_importance.hpp"
#include "litestage/calibrate/search/baselines.hpp"
#include "litestage/calibrate/search/exit_candidates.hpp"
#include "litestage/calibrate/search/racing.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/trials/budget_evaluation.hpp"
#include "litestage/calibrate/trials/metric.hpp"
#include "litestage/calibrate/trials/replay_exit.hpp"
#include "litestage/calibrate/trials/stage_record.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/settings/spec.hpp"

namespace litestage::calibrate {

// What all searches of a calibration took. A trial is a question under a plan.
struct SearchWork {
  std::size_t trials = 0;
  std::int64_t tokens_of_trials = 0;     // that would have been generated without a memory
  GenerationCounts generated, restored;  // by this process, and by those before it, which left them in the journal
  std::size_t left_out = 0;              // records of the journal that do not hold for this run's context
};

template <Backend B, StageSchedule Stages>
class Calibration {
 public:
  using Skip = skip::Standard;
  using Exit = early_exit::Never;  // exits are replayed on what was generated without
  using Evaluation = StagedEvaluation<B, Skip, Exit, Stages>;

  // Everything outlives this. The evaluation options' trace is set here.
  Calibration(B& backend, const Model<B>& model, AnyTokenizer tokenizer, Stages stages,
              std::span<const Question> questions, CalibrationSettings settings, EvaluationOptions options,
              Journal& journal)
      : settings_(std::move(settings)),
        journal_(&journal),
        contexts_{context_or_default(options.context, model.config), journal.context},
        judge_(settings_.metric, stages.answer_format(), questions),
        evaluation_(backend, model, std::move(tokenizer), std::move(stages), questions, memo_,
                    traced(std::move(options), settings_.criterion, judge_.needs_letters())) {
    restore();
    evaluation_.on_result([this](const StageKey& key, const StageResult& result) { keep(key, result); });
  }
  Calibration(const Calibration&) = delete;
  Calibration& operator=(const Calibration&) = delete;

  [[nodiscard]] SearchWork work() const {
    SearchWork work = work_;
    work.generated = evaluation_.generated();
    return work;
  }

  // Of the questions that did not fit into the context under some setting, and so count as not answered under it.
  [[nodiscard]] const std::map<std::size_t, NoRoom>& without_room() const { return evaluation_.without_room(); }

  // The journal's, or what `measure()` gives.
  template <class Measure>
  const LatencyModel& latency(Measure&& measure) {
    if (!latency_) {
      latency_ = measure();
      journal_->append(Form().add("latency", latency_->to_form()));
    }
    return *latency_;
  }

  // Full depth on all questions, with statistics of what was not in the journal. Before anything else is generated:
  // what the memory holds is not seen again.
  const Importance& importance() {
    std::size_t ran = evaluation_.questions().size() * evaluation_.stages().size();
    if (observer_.requests() < ran) {
      const Variant<Skip, Exit> full = variant(Skip());
      observing_ = true;
      ran = stages_run(evaluation_.run_observed(all_questions(full), observer_));
      observing_ = false;
    }
    if (observer_.requests() != ran) {
      throw Error(concat("the journal holds stages at full depth without their \"importance\" (", observer_.requests(),
                         " of ", ran, " have it); delete it to measure again"));
    }
    importance_ = observer_.importance();
    return *importance_;
  }

  // What full depth says of each question, and how long a question takes it, stage by stage.
  struct FullDepth {
    std::vector<int> predicted;              // [questions]
    std::vector<double> stage_seconds;       // [stages] means, predicted
    std::vector<std::size_t> slowest_first;  // [stages]

    // SearchSpace's.
    [[nodiscard]] std::vector<double> rerun() const {
      std::vector<double> shares(stage_seconds.size());
      std::partial_sum(stage_seconds.rbegin(), stage_seconds.rend(), shares.rbegin());
      const double all = shares.front();
      for (double& share : shares) share = all > 0 ? std::clamp(share / all, 0.01, 1.0) : 1;
      return shares;
    }
  };
  FullDepth full_depth() {
    const Variant<Skip, Exit> full = variant(Skip());
    const auto decisions = stage_decisions(full.skip, evaluation_.stages(), evaluation_.config().n_layers);
    FullDepth f;
    f.stage_seconds.assign(evaluation_.stages().size(), 0);
    const auto paths = evaluation_.run(all_questions(full));
    for (std::size_t q = 0; q < paths.size(); ++q) {
      f.predicted.push_back(judge_.predicted(q, paths[q]));
      const std::vector<double> seconds = predicted_stage_seconds(*latency_, paths[q], decisions, false);
      for (std::size_t s = 0; s < seconds.size(); ++s)
        f.stage_seconds[s] += seconds[s] / static_cast<double>(paths.size());
    }
    judge_.agree_with(f.predicted);
    f.slowest_first.resize(f.stage_seconds.size());
    std::iota(f.slowest_first.begin(), f.slowest_first.end(), std::size_t{0});
    std::stable_sort(f.slowest_first.begin(), f.slowest_first.end(),
                     [&](std::size_t a, std::size_t b) { return f.stage_seconds[a] > f.stage_seconds[b]; });
    return f;
  }

  // The budget search proper. Needs latency(), importance() and full_depth().
  template <SearchStrategy Strategy>
  SearchResult search(const Strategy& strategy, const FullDepth& full,
                      const std::function<void(const SearchProgress&)>& on_progress) {
    SearchSpace space = space_of(full.slowest_first.size(), on_progress);
    for (std::size_t s = 0; s < full.slowest_first.size(); ++s) space.stages[s] = evaluation_.stages().stage(s).name;
    space.order = full.slowest_first;
    space.rerun = full.rerun();
    const int most = settings_.most.value_or(evaluation_.config().n_sublayers() - 2);
    for (int n = 0; n <= most; n += settings_.step) space.counts.push_back(n);
    return run(strategy, space, [this](const Budgets& b) { return timed(lite_stage(b), nullptr); });
  }

  // Window and threshold of the early exit under the budgets found: the fastest within the target that they were found
  // for, so that budgets and exit together lose no more than budgets alone may.
  ExitChoice exits(const SearchResult& search, const std::function<void(const SearchProgress&)>& on_progress) {
    const Budgets& budgets = search.budgets;
    const Candidate<Skip, Exit> plan = timed(lite_stage(budgets), nullptr);
    std::vector<const StageResult*> stages;
    for (const auto& path : evaluation_.run(all_questions(plan.variant))) {
      for (std::size_t s = 0; s < evaluation_.stages().size(); ++s) stages.push_back(path[s]);
    }
    const std::vector<LowConfidence> tried = exit_candidates(stages, settings_.criterion, settings_.exits);
    ExitChoice choice;
    const auto exit_of = [&](const Budgets& at) {
      return at[0] == 0 ? std::optional<LowConfidence>() : tried[static_cast<std::size_t>(at[0] - 1)];
    };
    Racing thorough;
    thorough.give_up = 1;  // candidates of a larger window begin anew
    SearchSpace space = line(tried.size(), on_progress);
    space.least_accuracy = search.target;
    const SearchResult found = run(thorough, space, [&, this](const Budgets& at) {
      const std::optional<LowConfidence> exit = exit_of(at);
      return timed(lite_stage(budgets), exit ? replay_of(*exit, evaluation_.tokenizer()) : Replay());
    });
    for (const Point& p : found.points) choice.curve.emplace_back(exit_of(p.budgets), p);
    choice.exit = exit_of(found.budgets);
    return choice;
  }

  // The largest setting of a baseline within the same target, found as the budgets are.
  template <SearchStrategy Strategy>
  BaselineChoice largest(const Strategy& strategy, const Baseline& baseline,
                         const std::function<void(const SearchProgress&)>& on_progress) {
    const double all = evaluation_.config().n_sublayers();
    const SearchSpace space = line(baseline.settings.size() - 1, on_progress);
    const SearchResult found = run(strategy, space, [&, this](const Budgets& at) {
      const BaselineSetting& setting = baseline.settings[static_cast<std::size_t>(at[0])];
      const double runs = 1 - setting.skipped / all;
      return Candidate<Skip, Exit>{variant(setting.policy), [runs](std::span<StageResult* const>) { return runs; }};
    });
    return {baseline.name, baseline.settings[static_cast<std::size_t>(found.budgets[0])], found.best};
  }

  // The first budgets[s] sub-layers of the ranking are skipped in stage s; without budgets none.
  [[nodiscard]] Skip lite_stage(const Budgets& budgets) const {
    skip::LiteStage policy;
    for (const Sublayer u : importance_->ranking(settings_.rank_by)) policy.ranking.push_back(sublayer_name(u));
    for (std::size_t s = 0; s < budgets.size(); ++s) policy.budgets[evaluation_.stages().stage(s).name] = budgets[s];
    policy.phase = settings_.phase;
    policy.kv = settings_.kv;
    return policy;
  }
  // What a plan makes of every question.
  [[nodiscard]] Score score(const Budgets& budgets, const std::optional<LowConfidence>& exit) {
    const Candidate<Skip, Exit> plan =
        timed(lite_stage(budgets), exit ? replay_of(*exit, evaluation_.tokenizer()) : Replay());
    Score score;
    score.stage_tokens.assign(evaluation_.stages().size(), 0);
    const auto paths = evaluation_.run(all_questions(plan.variant));
    for (std::size_t q = 0; q < paths.size(); ++q) {
      score.predicted.push_back(judge_.predicted(q, paths[q]));
      score.outcomes.push_back(outcome_of(judge_, q, paths[q], plan.seconds));
      for (std::size_t s = 0; s < score.stage_tokens.size(); ++s)
        score.stage_tokens[s] += paths[q][s]->report.generated_tokens / static_cast<double>(paths.size());
    }
    return score;
  }

 private:
  [[nodiscard]] static EvaluationOptions traced(EvaluationOptions options, const confidence::Standard& criterion,
                                                bool letters) {
    options.generation.trace = trace_of(criterion);
    options.score_letters = letters;
    return options;
  }
  void restore() {
    for (const Record& record : journal_->records) {
      if (const Form* latency = record.value.find("latency")) {
        latency_ = LatencyModel::from_form(*latency, Where(record.where));
      } else {
        restore(record);
      }
    }
  }
  void restore(const Record& record) {
    auto stage = stage_from_record(record.value, record.where, evaluation_.questions(), evaluation_.stages().size());
    const StageKey& key = stage.first;
    const Form* seen = record.value.find("importance");
    if (leaves_out(record, stage.first, evaluate::filled_context(stage.second.report), seen != nullptr)) {
      ++work_.left_out;
      return;
    }
    if (seen != nullptr) {
      observer_.restore(static_cast<int>(key.stage), evaluation_.questions()[key.question].id,
                        evaluation_.config().n_layers, *seen, Where(record.where).at("importance"));
    }
    work_.restored.add(stage.second);
    restore_stage(std::move(stage), record.where, memo_);
  }
  // Records that do not hold for this run's context, and what was seen at full depth of the stages after them: there
  // the observer would add up two transcripts of one question.
  [[nodiscard]] bool leaves_out(const Record& record, const StageKey& key, bool filled, bool is_seen) {
    const bool holds = evaluate::holds(record.value, record.where, filled, contexts_);
    if (!is_seen) return !holds;
    const auto before = seen_left_out_.find(key.question);
    if (before != seen_left_out_.end() && key.stage > before->second) return true;
    seen_left_out_.erase(key.question);
    if (!holds) seen_left_out_.emplace(key.question, key.stage);
    return !holds;
  }
  void keep(const StageKey& key, const StageResult& result) {
    Form record = stage_record(key, result, evaluation_.questions());
    if (observing_)
      record.add("importance", observer_.seen(static_cast<int>(key.stage), evaluation_.questions()[key.question].id));
    journal_->append(record);
  }

  // All stages, but for those whose prompts outgrew the context.
  [[nodiscard]] static std::size_t stages_run(const std::vector<typename Evaluation::Path>& paths) {
    std::size_t ran = 0;
    for (const auto& path : paths) {
      for (const StageResult* stage : path) ran += stage->report.branches.empty() ? 0 : 1;
    }
    return ran;
  }

  // Keys from the decisions where those depend on the phase alone; else from the whole policy.
  [[nodiscard]] Variant<Skip, Exit> variant(const Skip& skip) const {
    Variant<Skip, Exit> v{skip, {}, {}, nullptr};
    const bool by_phase = decides_by_phase(skip, evaluation_.stages(), evaluation_.config().n_layers);
    for (const StageDecisions& d : stage_decisions(skip, evaluation_.stages(), evaluation_.config().n_layers)) {
      v.keys.push_back(by_phase ? spelling(d) : to_spec(skip));
    }
    return v;
  }
  [[nodiscard]] Candidate<Skip, Exit> timed(const Skip& skip, Replay replay) const {
    Candidate<Skip, Exit> c{variant(skip), nullptr};
    c.variant.replay = std::move(replay);
    c.seconds = [this, signals = c.variant.replay != nullptr,
                 decisions = stage_decisions(skip, evaluation_.stages(), evaluation_.config().n_layers)](
                    std::span<StageResult* const> path) {
      return predicted_seconds(*latency_, path, decisions, signals);
    };
    return c;
  }
  [[nodiscard]] std::vector<typename Evaluation::Work> all_questions(const Variant<Skip, Exit>& v) const {
    std::vector<typename Evaluation::Work> work;
    for (std::size_t q = 0; q < evaluation_.questions().size(); ++q) work.push_back({&v, q});
    return work;
  }
  [[nodiscard]] SearchSpace space_of(std::size_t stages,
                                     const std::function<void(const SearchProgress&)>& progress) const {
    SearchSpace space;
    space.stages.resize(stages);
    space.questions = evaluation_.questions().size();
    space.max_loss = settings_.max_loss;
    space.least_accuracy = settings_.least_accuracy;
    space.on_progress = progress;
    return space;
  }
  template <class Searching, class Make>
  [[nodiscard]] SearchResult run(const Searching& strategy, const SearchSpace& space, Make make) {
    BudgetEvaluation<B, Skip, Exit, Stages> evaluate(evaluation_, judge_, make);
    return strategy.search(space, [&](std::span<const Trial> trials) {
      std::vector<Outcome> outcomes = evaluate(trials);
      work_.trials += trials.size();
      for (const Outcome& o : outcomes) work_.tokens_of_trials += static_cast<std::int64_t>(o.tokens);
      return outcomes;
    });
  }
  // Candidates 0 to n in a row, as if they were the counts of one stage.
  [[nodiscard]] SearchSpace line(std::size_t n, const std::function<void(const SearchProgress&)>& progress) const {
    SearchSpace space = space_of(1, progress);
    space.order = {0};
    for (std::size_t i = 0; i <= n; ++i) space.counts.push_back(static_cast<int>(i));
    return space;
  }

  CalibrationSettings settings_;
  Journal* journal_;
  evaluate::RecordContexts contexts_;
  StageMemo memo_;
  Judge judge_;
  Evaluation evaluation_;
  std::optional<LatencyModel> latency_;
  std::optional<Importance> importance_;
  ImportanceObserver observer_;
  bool observing_ = false;
  std::map<std::size_t, std::size_t> seen_left_out_;  // of a question, the stage at full depth that was left out last
  SearchWork work_;                                   // without what the evaluation counts
};

}  // namespace litestage::calibrate
