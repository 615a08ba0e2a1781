// Answers questions in stages: the schedule makes the prompts, the skip policy decides which sub-layers run, the exit
// policy decides when a stage ends.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "litestage/engine/language_model.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/pipeline/fwd.hpp"
#include "litestage/pipeline/question_runner.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/policy/check.hpp"

namespace litestage {

template <class B, class Skip, class Exit, class Stages, class Observer>
class Pipeline {
  static_assert(Backend<B>, "the first template argument of Pipeline is a Backend (backend/concept.hpp)");
  static_assert(CheckSkipPolicy<Skip>::passed && CheckExitPolicy<Exit>::passed && CheckStageSchedule<Stages>::passed);
  static_assert(StepObserver<Observer>,
                "the last template argument of Pipeline is a StepObserver (engine/observer.hpp)");

 public:
  // Keeps the model alive; policies are copied.
  explicit Pipeline(LanguageModel<B> model, Skip skip = {}, Exit exit = {}, Stages stages = {},
                    PipelineOptions options = {}, Observer observer = {})
      : skip_(std::move(skip)),
        exit_(std::move(exit)),
        stages_(std::move(stages)),
        observer_(std::move(observer)),
        runner_(std::move(model), observer_calls_, std::move(options)) {}

  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // Sets the policies for later runs. The K/V cache is kept; it is reused only under equal decisions.
  void use(Skip skip, Exit exit, Stages stages) {
    skip_ = std::move(skip);
    exit_ = std::move(exit);
    stages_ = AnySchedule(std::move(stages));
  }

  // Answers all questions and returns the reports of those that ended, in the order of the questions. A question whose
  // prompts do not fit into the context ends without an answer, and its report says so (`no_room`); the others
  // continue.
  std::vector<QuestionReport> run(std::span<const Question> questions, const OnReport& on_report = nullptr) {
    return runner_.run(
        questions, stages_, [this] { return calls_to(skip_, exit_); }, on_report);
  }
  QuestionReport run(const Question& question) {
    std::vector<QuestionReport> reports = run(std::span<const Question>(&question, 1));
    return std::move(reports.at(0));
  }

  [[nodiscard]] Observer& observer() { return observer_; }

 private:
  Skip skip_;
  Exit exit_;
  AnySchedule stages_;
  Observer observer_;
  ObserverCallsTo<Observer> observer_calls_{observer_};
  QuestionRunner<B> runner_;
};

}  // namespace litestage
