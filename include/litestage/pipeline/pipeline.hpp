// Answers questions in stages: the schedule makes the prompts, the skip policy decides which sub-layers run, the exit
// policy decides when a stage ends. Each lane answers one question at a time; all lanes share one ragged batch.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/engine/lanes.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/pipeline/fwd.hpp"
#include "litestage/pipeline/stage_walk.hpp"
#include "litestage/policy/check.hpp"

namespace litestage {

// Called with each stage of a question as it ends: the question's position in the list, and the report.
using OnStage = std::function<void(std::size_t, const StageReport&)>;

struct PipelineOptions {
  std::size_t batch = 1;     // questions answered at the same time
  std::size_t branches = 0;  // maximum number of parallel branches of a stage; 0: as many as a question has options
  std::size_t context = 0;   // positions of one branch: prompt and answer; 0: 1024, or the model's if that is smaller
  std::size_t step_rows = 512;  // tokens forwarded in one step
  KvType kv = KvType::f16;
  StageRunOptions generation = {};
  bool score_letters = false;     // also report the option letters' logits after the last stage's prompt
  bool forget_questions = false;  // reuse prefixes only within a question: times do not depend on earlier ones
  OnStage on_stage = nullptr;
  Profile* profile = nullptr;                  // filled if not null; outlives the pipeline
  std::function<bool()> keep_going = nullptr;  // called after every step; false ends the run early
};

// Called with each question as it ends (its position in the list, and the report). Returning false ends the run early.
using OnReport = std::function<bool(std::size_t, const QuestionReport&)>;

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
      : model_(std::move(model)),
        skip_(std::move(skip)),
        exit_(std::move(exit)),
        stages_(std::move(stages)),
        options_(std::move(options)),
        observer_(std::move(observer)) {
    LITESTAGE_ASSERT(options_.batch > 0 && options_.context != 1 && options_.step_rows > 0,
                     "empty batch, context or step");
  }

  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;
  ~Pipeline();

  // Sets the policies for later runs. The K/V cache is kept; it is reused only under equal decisions.
  void use(Skip skip, Exit exit, Stages stages) {
    skip_ = std::move(skip);
    exit_ = std::move(exit);
    stages_ = std::move(stages);
  }

  // Answers all questions and returns the reports of those that ended, in the order of the questions. A question whose
  // prompts do not fit into the context ends without an answer, and its report says so (`no_room`); the others
  // continue.
  std::vector<QuestionReport> run(std::span<const Question> questions, const OnReport& on_report = nullptr);
  QuestionReport run(const Question& question) { return run(std::span<const Question>(&question, 1)).at(0); }

  [[nodiscard]] Observer& observer() { return observer_; }

 private:
  using Run = StageRun<B, Skip, Exit, Observer>;

  struct Walk {
    std::size_t place;  // position of the question in the list
    StageWalk<Stages> stages;
    QuestionReport report;
    Clock::time_point started;
  };

  // The K/V cache lives as long as the pipeline unless it must grow, so prefixes may be reused from run to run.
  void make_lanes(std::span<const Question> questions) {
    LaneOptions lanes{std::min(options_.batch, std::max<std::size_t>(questions.size(), 1)),
                      options_.branches,
                      options_.context,
                      options_.step_rows,
                      options_.kv,
                      options_.profile};
    for (const Question& q : questions) {
      if (options_.branches == 0) lanes.branches = std::max(lanes.branches, q.options.size());
    }
    lanes.branches = std::max<std::size_t>(lanes.branches, 1);
    if (lanes_ && lanes.branches == lanes_->branches() && lanes.lanes <= lanes_->size()) return;
    lanes_ = std::make_unique<Lanes<B, Skip, Exit, Observer>>(model_, observer_, lanes, options_.generation);
  }

  void begin(std::size_t lane, std::optional<Walk>& walk, std::span<const Question> questions, std::size_t place) {
    walk.emplace(Walk{place, StageWalk<Stages>(stages_, questions[place], options_.score_letters), {}, Clock::now()});
    walk->report.id = questions[place].id;
    if (options_.forget_questions) lanes_->forget(lane);
  }
  // Returns false if the question has ended: after its last request, or because the next one does not fit.
  bool start(std::size_t lane, Walk& walk) {
    if (walk.stages.ended()) return false;
    StageRequest request = walk.stages.request(model_.tokenizer(), stream_of(walk.place, walk.stages.steps_done()));
    walk.report.no_room = lanes_->no_room(request);
    if (!walk.report.no_room) {
      lanes_->start(lane, skip_, exit_, std::move(request));
      return true;
    }
    if (!walk.stages.at_letters()) walk.report.seconds = seconds_between(walk.started, Clock::now());
    for (StageReport& stage : walk.stages.give_up()) walk.report.stages.push_back(std::move(stage));
    return false;
  }
  // Processes the results of a finished request.
  void take(Walk& walk, Run& run) {
    walk.report.positions = std::max(walk.report.positions, run.positions());
    if (walk.stages.at_letters()) {
      walk.report.letter_logits = run.take_scores();
      walk.stages.advance({});
      return;
    }
    StageReport report = run.take_report();
    walk.stages.advance(report);
    if (options_.on_stage) options_.on_stage(walk.place, report);
    walk.report.stages.push_back(std::move(report));
    if (walk.report.stages.size() == stages_.size()) walk.report.seconds = seconds_between(walk.started, Clock::now());
  }

  [[nodiscard]] static std::vector<QuestionReport> finished(std::vector<std::optional<QuestionReport>>& reports) {
    std::vector<QuestionReport> out;
    for (std::optional<QuestionReport>& r : reports) {
      if (r) out.push_back(std::move(*r));
    }
    return out;
  }

  LanguageModel<B> model_;
  Skip skip_;
  Exit exit_;
  Stages stages_;
  PipelineOptions options_;
  Observer observer_;
  std::unique_ptr<Lanes<B, Skip, Exit, Observer>> lanes_;
};

// Defined outside of the class, for the reason given in engine/session.hpp.
template <class B, class Skip, class Exit, class Stages, class Observer>
Pipeline<B, Skip, Exit, Stages, Observer>::~Pipeline() = default;

template <class B, class Skip, class Exit, class Stages, class Observer>
std::vector<QuestionReport> Pipeline<B, Skip, Exit, Stages, Observer>::run(std::span<const Question> questions,
                                                                           const OnReport& on_report) {
  make_lanes(questions);
  std::vector<std::optional<QuestionReport>> reports(questions.size());
  std::vector<std::optional<Walk>> walks(lanes_->size());
  std::size_t next = 0;
  bool go_on = true;
  // Starts the question's next request; without one the question has ended.
  const auto go = [&](std::size_t lane) {
    if (start(lane, *walks[lane])) return;
    const std::size_t place = walks[lane]->place;
    reports[place] = std::move(walks[lane]->report);
    if (on_report) go_on = on_report(place, *reports[place]) && go_on;
  };
  const auto fill = [&](std::size_t lane) {
    while (go_on && lanes_->idle(lane) && next < questions.size()) {
      begin(lane, walks[lane], questions, next++);
      go(lane);
    }
  };
  const auto ended = [&](std::size_t lane, Run& run) {
    take(*walks[lane], run);
    go(lane);
  };
  lanes_->run(fill, ended, [&] { return go_on && (!options_.keep_going || options_.keep_going()); });
  return finished(reports);
}

}  // namespace litestage

#if !LITESTAGE_HEADER_ONLY
#include "litestage/compiled/pipelines.hpp"
#endif
