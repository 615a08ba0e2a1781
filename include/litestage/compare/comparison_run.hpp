// Runs the methods of a comparison on the questions: in batches for the answers and one by one for the times. Each
// finished result is reported at once, and results finished in an earlier run are not computed again.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/compare/comparison.hpp"
#include "litestage/compare/finished_work.hpp"
#include "litestage/compare/outcome.hpp"
#include "litestage/compiled/standard_policies.hpp"
#include "litestage/confidence/mean_log_prob_top_k.hpp"
#include "litestage/core/error.hpp"
#include "litestage/evaluate/context_use.hpp"
#include "litestage/pipeline/pipeline.hpp"
#include "litestage/settings/form.hpp"
#include "litestage/settings/record.hpp"
#include "litestage/tasks/read_answer.hpp"

namespace litestage::compare {

struct ComparisonOptions {
  PipelineOptions pipeline;  // batch: for the answers; score_letters: if false, answers are read from texts
  std::size_t traced = 0;    // number of first questions whose outcomes keep the trace of each token
  TokenTrace trace = {};
  std::function<void(const Method&)> on_finished = nullptr;  // called after every question that a method finishes
};

// Policies: a struct with the members skip, exit and stages, e.g. of the Standard types.
template <Backend B, class Policies>
class ComparisonRun {
 public:
  struct Contender {
    Method* method = nullptr;
    const Policies* policies = nullptr;
  };

  // Questions and finished work outlive this object.
  ComparisonRun(LanguageModel<B> model, std::span<const Question> questions, ComparisonOptions options,
                FinishedWork& finished)
      : model_(std::move(model)), questions_(questions), options_(std::move(options)), finished_(&finished) {
    LITESTAGE_ASSERT(!questions_.empty(), "a comparison has questions");
    // Sized for the largest number of options, so that the K/V cache is not reallocated while a question is timed.
    std::size_t& branches = options_.pipeline.branches;
    if (branches > 0) return;
    for (const Question& q : questions_) branches = std::max(branches, q.options.size());
  }

  // Fills the method's outcomes. Returns false if the pipeline's keep_going stopped it before all were there.
  bool answer(Method& method, const Policies& policies) {
    const std::vector<std::size_t> open = unanswered(method);
    if (!open.empty()) answer_open(method, policies, open);
    method.outcomes.clear();
    for (const Question& q : questions_) {
      const MethodOutcome* outcome = finished_->outcome(method, q.id);
      if (outcome == nullptr) return false;
      method.outcomes.push_back(*outcome);
    }
    return true;
  }

  // The places of the questions that `answer` has to run.
  [[nodiscard]] std::vector<std::size_t> unanswered(const Method& method) const {
    std::vector<std::size_t> open;
    for (std::size_t q = 0; q < questions_.size(); ++q) {
      if (finished_->outcome(method, questions_[q].id) == nullptr) open.push_back(q);
    }
    return open;
  }

  // Fills the methods' timings of the first n questions. Methods take turns on each question, so that a change of the
  // machine's speed affects all of them; each question begins with a different method. One question is answered before
  // the measurement, so that memory is allocated.
  bool time(const std::vector<Contender>& contenders, std::size_t n) {
    answering_.reset();  // frees its K/V cache
    LITESTAGE_ASSERT(n <= questions_.size(), n, " of ", questions_.size());
    const std::string turns = turns_of(contenders);
    for (std::size_t q = 0; q < n; ++q) {
      const Question& question = questions_[q];
      for (std::size_t i = 0; i < contenders.size(); ++i) {
        const Contender& c = contenders[(q + i) % contenders.size()];
        if (finished_->timing(*c.method, question.id, turns) == nullptr && !time_one(c, question, turns)) return false;
      }
    }
    for (const Contender& c : contenders) {
      c.method->timings.clear();
      for (std::size_t q = 0; q < n; ++q)
        c.method->timings.push_back(*finished_->timing(*c.method, questions_[q].id, turns));
    }
    return true;
  }
  // The number of timings that `time` has to measure.
  [[nodiscard]] std::size_t untimed(const std::vector<Contender>& contenders, std::size_t n) const {
    const std::string turns = turns_of(contenders);
    std::size_t open = 0;
    for (const Contender& c : contenders) {
      for (std::size_t q = 0; q < n; ++q)
        open += finished_->timing(*c.method, questions_[q].id, turns) == nullptr ? 1 : 0;
    }
    return open;
  }

 private:
  using Skip = decltype(Policies::skip);
  using Exit = decltype(Policies::exit);
  using Stages = decltype(Policies::stages);
  using Runner = Pipeline<B, Skip, Exit, Stages>;

  [[nodiscard]] static std::string turns_of(const std::vector<Contender>& contenders) {
    std::vector<const Method*> methods;
    for (const Contender& c : contenders) methods.push_back(c.method);
    return FinishedWork::turns(methods);
  }

  // `places`: of the questions to answer.
  void answer_open(const Method& method, const Policies& policies, const std::vector<std::size_t>& places) {
    std::vector<Question> open;
    for (const std::size_t q : places) open.push_back(questions_[q]);
    const AnswerFormat format = policies.stages.answer_format();
    const bool weighs = format.vote != VoteWeight::one;
    if (!answering_ || weighs != weighing_) {
      PipelineOptions options = options_.pipeline;
      if (weighs)
        options.generation.trace = trace_of(confidence::MeanLogProbTopK{});  // what votes are weighed by
      else if (options_.traced > 0)
        options.generation.trace = options_.trace;
      answering_.reset();  // frees its K/V cache first
      answering_.emplace(model_, Skip{}, Exit{}, Stages{}, std::move(options));
      weighing_ = weighs;
    }
    answering_->use(policies.skip, policies.exit, policies.stages);
    answering_->run(open, [&](std::size_t i, const QuestionReport& report) {
      Answer predicted = options_.pipeline.score_letters ? tasks::scored_answer(report)
                                                         : tasks::extracted_answer(format, report, open[i]);
      finished_->add(method, open[i].id, method_outcome(report, std::move(predicted), places[i] < options_.traced),
                     evaluate::context_use(report));
      if (options_.on_finished) options_.on_finished(method);
      return true;
    });
  }

  bool time_one(const Contender& c, const Question& question, const std::string& turns) {
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
    finished_->add(*c.method, question.id, turns, method_timing(reports[0]), evaluate::context_use(reports[0]));
    if (options_.on_finished) options_.on_finished(*c.method);
    return true;
  }

  LanguageModel<B> model_;
  std::span<const Question> questions_;
  ComparisonOptions options_;
  FinishedWork* finished_;
  std::optional<Runner> answering_, timing_;
  bool weighing_ = false;  // whether answering_ traces the confidences that weigh votes
};

}  // namespace litestage::compare
