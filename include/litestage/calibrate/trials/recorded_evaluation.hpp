// A StagedEvaluation whose trial cache outlives the process: every generated stage is written to a journal, and stages
// found in the journal are not generated again. The journal also holds the latency model and the importance statistics
// of full depth.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/calibrate/importance/measure_importance.hpp"
#include "litestage/calibrate/latency/latency_model.hpp"
#include "litestage/calibrate/search/exit_candidates.hpp"
#include "litestage/calibrate/trials/budget_evaluation.hpp"
#include "litestage/calibrate/trials/replay_exit.hpp"
#include "litestage/calibrate/trials/stage_decisions.hpp"
#include "litestage/calibrate/trials/stage_record.hpp"
#include "litestage/calibrate/trials/staged_evaluation.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/settings/journal.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/standard.hpp"

namespace litestage::calibrate {

template <Backend B>
class RecordedEvaluation {
 public:
  using Skip = skip::Standard;
  using Exit = early_exit::Standard;
  using Setting = Variant<Skip, Exit>;

  // `questions` and `journal` outlive this object.
  RecordedEvaluation(LanguageModel<B> model, AnySchedule stages, std::span<const Question> questions,
                     EvaluationOptions options, Journal& journal)
      : journal_(&journal),
        contexts_{context_or_default(options.context, model.config()), journal.context},
        evaluation_(std::move(model), std::move(stages), questions, memo_, std::move(options)) {
    restore();
    evaluation_.on_result([this](const StageKey& key, const StageResult& result) { keep(key, result); });
  }
  RecordedEvaluation(const RecordedEvaluation&) = delete;
  RecordedEvaluation& operator=(const RecordedEvaluation&) = delete;

  [[nodiscard]] const StagedEvaluation<B, Skip, Exit>& evaluation() const { return evaluation_; }
  [[nodiscard]] std::span<const Question> questions() const { return evaluation_.questions(); }
  [[nodiscard]] const AnySchedule& stages() const { return evaluation_.stages(); }
  [[nodiscard]] const ModelConfig& config() const { return evaluation_.model().config(); }
  [[nodiscard]] const AnyTokenizer& tokenizer() const { return evaluation_.model().tokenizer(); }
  // The work read from the journal, and the number of its records that do not hold for this run's context.
  [[nodiscard]] const GenerationCounts& restored() const { return restored_; }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }

  // Returns the latency model of the journal, or else calls `measure()` and writes its result to the journal.
  LatencyModel latency(const std::function<LatencyModel()>& measure) {
    if (!latency_) {
      latency_ = measure();
      journal_->append(Form().add("latency", latency_->to_form()));
    }
    return *latency_;
  }

  // Runs full depth on all questions, with statistics for the stages that are not in the journal. Call it before
  // anything else is generated: stages in the trial cache are not run again, so their statistics could not be measured.
  Importance importance() {
    std::size_t ran = questions().size() * stages().size();
    if (observer_.requests() < ran) {
      const Setting full = setting(Skip());
      observing_ = true;
      ran = stages_run(evaluation_.run_observed(on_all_questions(full), observer_));
      observing_ = false;
    }
    if (observer_.requests() != ran) {
      throw Error(concat("the journal holds stages at full depth without their \"importance\" (", observer_.requests(),
                         " of ", ran, " have it); delete it to measure again"));
    }
    return observer_.importance();
  }

  // The paths of trials, or of all questions, through the stages. Paths point into this object.
  using Work = typename StagedEvaluation<B, Skip, Exit>::Work;
  std::vector<Path> run(std::span<const Work> work) { return evaluation_.run(work); }
  std::vector<Path> run_all(const Setting& setting) { return evaluation_.run(on_all_questions(setting)); }

  // Policies with the keys by which the trial cache finds their stages. If the decisions of the skip policy depend on
  // the phase alone, the key is the decisions themselves, so that different policies with equal decisions share stages;
  // else it is the whole policy. LowConfidence is replayed on stages that were generated without an exit; the stages of
  // other exits are generated, and the exit is a part of their keys.
  [[nodiscard]] Setting setting(const Skip& skip, const std::optional<Exit>& exit = {}) const {
    Setting v;
    v.skip = skip;
    std::string generated;
    if (const auto* low = exit ? std::get_if<LowConfidence>(&exit->active()) : nullptr) {
      v.replay = replay_of(*low, tokenizer());
    } else if (exit) {
      v.exit = *exit;
      generated = " " + to_spec(*exit);
    }
    const bool by_phase = decides_by_phase(skip, stages(), config().n_layers);
    for (const StageDecisions& d : stage_decisions(skip, stages(), config().n_layers)) {
      v.keys.push_back((by_phase ? spelling(d) : to_spec(skip)) + generated);
    }
    return v;
  }

 private:
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
    auto stage = stage_from_record(record.value, record.where, questions(), stages().size());
    const StageKey& key = stage.first;
    const Form* statistics = record.value.find("importance");
    if (leaves_out(record, stage.first, evaluate::filled_context(stage.second.report), statistics != nullptr)) {
      ++left_out_;
      return;
    }
    if (statistics != nullptr) {
      observer_.restore(static_cast<int>(key.stage), questions()[key.question].id, config().n_layers, *statistics,
                        Where(record.where).at("importance"));
    }
    restored_.add(stage.second);
    restore_stage(std::move(stage), record.where, memo_);
  }
  // Whether to leave out a record, because it does not hold for this run's context. A stage at full depth that is left
  // out is generated again, perhaps with another text, and so are the later stages of that question. Their old
  // statistics are left out too, or the question would count twice.
  [[nodiscard]] bool leaves_out(const Record& record, const StageKey& key, bool filled, bool has_statistics) {
    const bool holds = evaluate::holds(record.value, record.where, filled, contexts_);
    if (!has_statistics) return !holds;
    const auto before = statistics_left_out_.find(key.question);
    if (before != statistics_left_out_.end() && key.stage > before->second) return true;
    statistics_left_out_.erase(key.question);
    if (!holds) statistics_left_out_.emplace(key.question, key.stage);
    return !holds;
  }
  void keep(const StageKey& key, const StageResult& result) {
    Form record = stage_record(key, result, questions());
    if (observing_) record.add("importance", observer_.seen(static_cast<int>(key.stage), questions()[key.question].id));
    journal_->append(record);
  }

  // The number of stages that ran, without those whose prompts outgrew the context.
  [[nodiscard]] static std::size_t stages_run(const std::vector<Path>& paths) {
    std::size_t ran = 0;
    for (const Path& path : paths) {
      for (const PathStep& step : path) ran += step.result->report.branches.empty() ? 0 : 1;
    }
    return ran;
  }
  [[nodiscard]] std::vector<Work> on_all_questions(const Setting& setting) const {
    std::vector<Work> work;
    for (std::size_t q = 0; q < questions().size(); ++q) work.push_back({&setting, q});
    return work;
  }

  Journal* journal_;
  evaluate::RecordContexts contexts_;
  StageMemo memo_;
  StagedEvaluation<B, Skip, Exit> evaluation_;
  std::optional<LatencyModel> latency_;
  ImportanceObserver observer_;
  bool observing_ = false;
  std::map<std::size_t, std::size_t>
      statistics_left_out_;  // by question: the last stage at full depth that was left out
  GenerationCounts restored_;
  std::size_t left_out_ = 0;
};

}  // namespace litestage::calibrate
