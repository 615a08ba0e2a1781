// The work of a comparison: methods answer questions, in batches for the answers and one by one for the times. What is
// finished is handed out at once, and what was finished before is not done again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/compare/comparison_form.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/context_use.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"
#include "litestage/tasks/answers.hpp"

namespace litestage::compare {

// What each method has made of each question, by their names, as records of a journal say it.
class FinishedWork {
 public:
  // `records`: of earlier runs of the same comparison. `append` is told of what comes new, and returns when it is safe.
  explicit FinishedWork(
      std::span<const Record> records = {}, std::function<void(const Form&)> append = [](const Form&) {},
      evaluate::RecordContexts contexts = {})
      : append_(std::move(append)), contexts_(contexts) {
    for (const Record& record : records) restore(record);
  }

  [[nodiscard]] std::size_t size() const { return outcomes_.size() + timings_.size(); }
  // Records that hold for other contexts than this run's.
  [[nodiscard]] std::size_t left_out() const { return left_out_; }
  [[nodiscard]] const MethodOutcome* outcome(const std::string& method, const std::string& question) const {
    const auto found = outcomes_.find({method, question});
    return found == outcomes_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const MethodTiming* timing(const std::string& method, const std::string& question) const {
    const auto found = timings_.find({method, question});
    return found == timings_.end() ? nullptr : &found->second;
  }
  // An outcome without room is not told on: in a larger context the question has an answer.
  void add(const std::string& method, const std::string& question, MethodOutcome outcome,
           const evaluate::ContextUse& use) {
    if (!outcome.no_room) append({method, question}, "outcome", to_form(outcome), use);
    outcomes_.emplace(Key{method, question}, std::move(outcome));
  }
  void add(const std::string& method, const std::string& question, MethodTiming timing,
           const evaluate::ContextUse& use) {
    const MethodOutcome* answered = outcome(method, question);
    if (answered == nullptr || !answered->no_room) append({method, question}, "timing", to_form(timing), use);
    timings_.emplace(Key{method, question}, std::move(timing));
  }

 private:
  using Key = std::pair<std::string, std::string>;  // method, question

  void restore(const Record& record) {
    const evaluate::detail::Reader in(record.value, record.where);
    const Key key{in.text("method"), in.text("question")};
    bool is_new = true;
    if (in.has("outcome")) {
      MethodOutcome outcome = outcome_from_form(in.get("outcome"), in.path("outcome"));
      bool& filled = filled_[key];  // a timing without "positions" is that of the outcome before it
      filled = std::any_of(outcome.stages.begin(), outcome.stages.end(), [](const StageOutcome& s) {
        return s.stops[static_cast<std::size_t>(StopReason::context)] > 0;
      });
      if (leaves_out(record, filled)) return;
      is_new = outcomes_.emplace(key, std::move(outcome)).second;
    } else {
      MethodTiming timing = timing_from_form(in.get("timing"), in.path("timing"));
      if (leaves_out(record, filled_[key])) return;
      is_new = timings_.emplace(key, std::move(timing)).second;
    }
    if (!is_new)
      throw Error(concat(record.where, ": method ", key.first, " and question ", key.second, " are there before"));
  }
  [[nodiscard]] bool leaves_out(const Record& record, bool filled) {
    if (evaluate::holds(record.value, record.where, filled, contexts_)) return false;
    ++left_out_;
    return true;
  }
  void append(const Key& key, const std::string& what, Form said, const evaluate::ContextUse& use) const {
    Form record;
    record.add("method", key.first).add("question", key.second).add(what, std::move(said));
    evaluate::add_context_use(record, use);
    append_(record);
  }

  std::map<Key, MethodOutcome> outcomes_;
  std::map<Key, MethodTiming> timings_;
  std::map<Key, bool> filled_;
  std::function<void(const Form&)> append_;
  evaluate::RecordContexts contexts_;
  std::size_t left_out_ = 0;
};

[[nodiscard]] inline MethodOutcome method_outcome(const QuestionReport& report, int predicted, bool traced) {
  MethodOutcome outcome{predicted, {}, report.no_room};
  for (const StageReport& s : report.stages) {
    StageOutcome stage{.name = s.name,
                       .prompt_tokens = s.prompt_tokens,
                       .shared_tokens = s.shared_tokens,
                       .generated_tokens = s.generated_tokens,
                       .sublayers_skipped = s.sublayers_skipped,
                       .sublayers_skipped_mean = s.sublayers_skipped_mean,
                       .branch_tokens = {},
                       .traces = {}};
    for (const BranchReport& b : s.branches) {
      stage.branch_tokens.push_back(b.generated_tokens);
      ++stage.stops[static_cast<std::size_t>(b.stop)];
      if (traced) stage.traces.push_back({b.trace, b.stop});
    }
    outcome.stages.push_back(std::move(stage));
  }
  return outcome;
}

[[nodiscard]] inline MethodTiming method_timing(const QuestionReport& report) {
  MethodTiming timing{report.seconds, {}};
  for (const StageReport& s : report.stages) timing.stages.push_back({s.prefill_s, s.decode_s, s.generated_tokens});
  return timing;
}

struct ComparisonOptions {
  PipelineOptions pipeline;  // batch: of the runs for answers; score_letters: else answers are read from the texts
  std::size_t traced = 0;    // first questions whose outcomes keep what `trace` makes of each token
  TokenTrace trace = {};
  std::function<void(const Method&)> on_finished = nullptr;  // told of every question that a method finishes
};

// Policies: a struct with the members skip, exit and stages, e.g. of the Standard types.
template <Backend B, class Policies>
class ComparisonRun {
 public:
  struct Contender {
    Method* method = nullptr;
    const Policies* policies = nullptr;
  };

  // Questions and finished work outlive this.
  ComparisonRun(LanguageModel<B> model, std::span<const Question> questions, ComparisonOptions options,
                FinishedWork& finished)
      : model_(std::move(model)), questions_(questions), options_(std::move(options)), finished_(&finished) {
    LITESTAGE_ASSERT(!questions_.empty(), "a comparison has questions");
    // Questions of other numbers of options would have the K/V cache made anew, within the time of one of them.
    std::size_t& branches = options_.pipeline.branches;
    if (branches > 0) return;
    for (const Question& q : questions_) branches = std::max(branches, q.options.size());
  }

  // Fills the method's outcomes. False where the pipeline's keep_going said no before all were there.
  bool answer(Method& method, const Policies& policies) {
    std::vector<Question> open;
    std::vector<std::size_t> place;  // [open] in questions_
    for (std::size_t q = 0; q < questions_.size(); ++q) {
      if (finished_->outcome(method.name, questions_[q].id) != nullptr) continue;
      open.push_back(questions_[q]);
      place.push_back(q);
    }
    if (!open.empty()) answer_open(method, policies, open, place);
    method.outcomes.clear();
    for (const Question& q : questions_) {
      const MethodOutcome* outcome = finished_->outcome(method.name, q.id);
      if (outcome == nullptr) return false;
      method.outcomes.push_back(*outcome);
    }
    return true;
  }

  // Fills the methods' timings, of the first n questions. Methods take turns on each question, so that a machine that
  // becomes slower or faster does so for all of them; each question begins with another method. One question is
  // answered before the clock counts, so that memory is in place.
  bool time(const std::vector<Contender>& contenders, std::size_t n) {
    answering_.reset();  // its K/V cache
    LITESTAGE_ASSERT(n <= questions_.size(), n, " of ", questions_.size());
    for (std::size_t q = 0; q < n; ++q) {
      for (std::size_t i = 0; i < contenders.size(); ++i) {
        const Contender& c = contenders[(q + i) % contenders.size()];
        if (finished_->timing(c.method->name, questions_[q].id) == nullptr && !time_one(c, questions_[q])) return false;
      }
    }
    for (const Contender& c : contenders) {
      c.method->timings.clear();
      for (std::size_t q = 0; q < n; ++q) {
        c.method->timings.push_back(*finished_->timing(c.method->name, questions_[q].id));
      }
    }
    return true;
  }

 private:
  using Skip = decltype(Policies::skip);
  using Exit = decltype(Policies::exit);
  using Stages = decltype(Policies::stages);
  using Runner = Pipeline<B, Skip, Exit, Stages>;

  void answer_open(const Method& method, const Policies& policies, const std::vector<Question>& open,
                   const std::vector<std::size_t>& place) {
    if (!answering_) {
      PipelineOptions options = options_.pipeline;
      if (options_.traced > 0) options.generation.trace = options_.trace;
      answering_.emplace(model_, Skip{}, Exit{}, Stages{}, std::move(options));
    }
    answering_->use(policies.skip, policies.exit, policies.stages);
    const AnswerFormat format = policies.stages.answer_format();
    answering_->run(open, [&](std::size_t i, const QuestionReport& report) {
      const int predicted = options_.pipeline.score_letters ? tasks::scored_answer(report)
                                                            : tasks::extracted_answer(format, report, open[i]);
      finished_->add(method.name, open[i].id, method_outcome(report, predicted, place[i] < options_.traced),
                     evaluate::context_use(report));
      if (options_.on_finished) options_.on_finished(method);
      return true;
    });
  }

  bool time_one(const Contender& c, const Question& question) {
    if (!timing_) {
      PipelineOptions options = options_.pipeline;
      options.batch = 1;
      options.forget_questions = true;
      options.score_letters = false;
      timing_.emplace(model_, c.policies->skip, c.policies->exit, c.policies->stages, std::move(options));
      timing_->run(std::span<const Question>(&question, 1));
    }
    timing_->use(c.policies->skip, c.policies->exit, c.policies->stages);
    const std::vector<QuestionReport> reports = timing_->run(std::span<const Question>(&question, 1));
    if (reports.empty()) return false;
    finished_->add(c.method->name, question.id, method_timing(reports[0]), evaluate::context_use(reports[0]));
    if (options_.on_finished) options_.on_finished(*c.method);
    return true;
  }

  LanguageModel<B> model_;
  std::span<const Question> questions_;
  ComparisonOptions options_;
  FinishedWork* finished_;
  std::optional<Runner> answering_, timing_;
};

}  // namespace litestage::compare
