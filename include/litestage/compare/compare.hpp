// Compares methods on the same questions and one engine: full depth, a plan without and with its early exit, baselines
// at equal accuracy and at equal skipping, and controls. Answers come from batched runs. Times come from runs of one
// question at a time, in which the methods take turns on each question.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/compare/compared_methods.hpp"
#include "litestage/compare/comparison.hpp"
#include "litestage/compare/comparison_run.hpp"
#include "litestage/compare/comparison_settings.hpp"
#include "litestage/compare/warnings.hpp"
#include "litestage/pipeline/progress.hpp"
#include "litestage/settings/journal.hpp"

namespace litestage::compare {

namespace detail {

// Traces the confidence that the plan's exit reads, or the probability of the most probable token if the plan has no
// such exit. Methods that weigh votes are traced by what weighs them (comparison_run.hpp).
[[nodiscard]] inline TokenTrace confidence_trace(const ComparedTask& task) {
  if (task.plan) {
    const auto exit = read_value<early_exit::Standard>(task.plan->plan.exit, Where("--plan").at("exit"));
    using LowConfidence = early_exit::LowConfidence<confidence::Standard>;
    if (const auto* low = std::get_if<LowConfidence>(&exit.active())) return trace_of(low->criterion);
  }
  return trace_of(confidence::MaxProb{});
}

// Reports how many answers are finished, of those that have to be run.
class AnswerProgress {
 public:
  explicit AnswerProgress(const Progress& progress) : progress_(&progress) {}

  void begin(const std::string& what, std::size_t open) {
    done_ = 0;
    open_ = open;
    progress_->begin(what, "answers");
  }
  void finished() {
    ++done_;
    drop(1);
    progress_->update(done_, done_ + open_, "");
  }
  void drop(std::size_t n) { open_ -= std::min(open_, n); }

 private:
  const Progress* progress_;
  std::size_t done_ = 0, open_ = 0;
};

template <Backend B>
class Comparing {
 public:
  Comparing(const LanguageModel<B>& model, const ComparedTask& task, const ComparisonSettings& settings,
            FinishedWork& finished, const Progress& progress)
      : task_(&task),
        settings_(&settings),
        progress_(progress),
        methods_(settings.methods, task.plan ? &task.plan->plan : nullptr, task.stages, model.config().n_layers,
                 task.questions.list, settings.own, settings.direct),
        run_(model, task.questions.list, options(progress), finished) {}

  // Both functions return false if the run was stopped. `what`: name of the work, for progress reports.
  bool answers(const std::string& what) {
    std::vector<ComparedMethod>& list = methods_.list();
    const std::vector<Question>& questions = task_->questions.list;
    progress_.begin(what, list.size() * questions.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      methods_.settle(i);
      const std::size_t open = list[i].policies ? run_.unanswered(list[i].method).size() : 0;
      progress_.drop(questions.size() - open);
      if (list[i].policies && !run_.answer(list[i].method, *list[i].policies)) return false;
    }
    return true;
  }
  bool times(const std::string& what) {
    std::vector<typename Run::Contender> contenders;
    for (ComparedMethod& m : methods_.list()) {
      if (m.policies) contenders.push_back({&m.method, &*m.policies});
    }
    progress_.begin(what, run_.untimed(contenders, settings_->timed));
    return run_.time(contenders, settings_->timed);
  }
  [[nodiscard]] Comparison comparison(std::vector<std::string> warnings) const {
    Comparison c;
    for (const Question& q : task_->questions.list) c.questions.push_back({q.id, q.gold});
    c.methods = methods_.methods();
    c.warnings = std::move(warnings);
    for (std::string& w : answer_warnings(c, task_->questions.list)) c.warnings.push_back(std::move(w));
    return c;
  }

 private:
  using Run = ComparisonRun<B, MethodPolicies>;

  [[nodiscard]] ComparisonOptions options(const Progress& progress) {
    ComparisonOptions o;
    o.pipeline.batch = settings_->batch;
    o.pipeline.context = settings_->context;
    o.pipeline.kv = settings_->cache;
    o.pipeline.score_letters = settings_->letters;
    o.pipeline.keep_going = progress.keep_going;
    // No other method has more branches than the schedule itself, the given direct answer or the given methods.
    const auto make_room = [&](const stages::Standard& stages) {
      for (const Question& q : task_->questions.list)
        o.pipeline.branches = std::max(o.pipeline.branches, stages.branches(q));
    };
    make_room(task_->stages);
    if (settings_->direct) make_room(*settings_->direct);
    for (const OwnMethod& own : settings_->own) {
      if (own.stages) make_room(*own.stages);
    }
    o.traced = settings_->traces;
    o.trace = confidence_trace(*task_);
    o.on_finished = [this](const Method&) { progress_.finished(); };
    return o;
  }

  const ComparedTask* task_;
  const ComparisonSettings* settings_;
  AnswerProgress progress_;
  ComparedMethods methods_;
  Run run_;
};

}  // namespace detail

// Compares the methods on one task. `name` precedes the text of progress reports; it is used if there are several
// tasks. `on_journal` is called before anything is run, with the number of journal records that do not hold for this
// run's context. Throws Stopped if progress.keep_going returns false; the journal then holds everything that was
// finished, and the same call continues from there. Throws an Error if the plan does not hold for the model.
template <Backend B>
[[nodiscard]] Comparison compare(const LanguageModel<B>& model, const ComparedTask& task,
                                 const ComparisonSettings& settings, const Journal& journal, const Progress& progress,
                                 const std::string& name = {},
                                 const std::function<void(std::size_t)>& on_journal = nullptr) {
  std::vector<std::string> warnings = plan_warnings(task, calibrate::plan_facts(model, settings.cache));
  FinishedWork finished(journal.records, journal.append, {settings.context, journal.context});
  if (on_journal) on_journal(finished.left_out());
  detail::Comparing<B> comparing(model, task, settings, finished, progress);
  const std::string prefix = name.empty() ? name : name + ": ";
  const bool whole = comparing.answers(prefix + "answers") && comparing.times(prefix + "times");
  progress.end();
  if (!whole) throw Stopped{};
  return comparing.comparison(std::move(warnings));
}

}  // namespace litestage::compare
