// Answers questions in stages: the schedule says what is asked, the skip policy which sub-layers run, the exit policy
// when a stage ends. Questions run in lanes, each a question at a time, all in one ragged batch.
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

// Told of each stage of a question as it ends: the question's place in the list, and the report.
using OnStage = std::function<void(std::size_t, const StageReport&)>;

struct PipelineOptions {
  std::size_t batch = 1;     // questions in flight
  std::size_t branches = 0;  // parallel branches of a stage at most; 0: as many as a question has options
  std::size_t context = 0;   // positions of one branch: prompt and answer; 0: 1024, or the model's where it has fewer
  std::size_t step_rows = 512;  // tokens forwarded in one step
  KvType kv = KvType::f16;
  StageRunOptions generation = {};
  bool score_letters = false;     // also report the option letters' logits after the last stage's prompt
  bool forget_questions = false;  // reuse prefixes within a question only, so that times depend on no earlier one
  OnStage on_stage = nullptr;
  Profile* profile = nullptr;                  // filled if there is one; outlives the pipeline
  std::function<bool()> keep_going = nullptr;  // asked after every step; false ends the run, unfinished questions lost
};

// Told of each question as it ends (its place in the list, and the report). Returning false ends the run early.
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

  // Other policies for the runs to come. What the K/V cache holds stays: it is reused under equal decisions only.
  void use(Skip skip, Exit exit, Stages stages) {
    skip_ = std::move(skip);
    exit_ = std::move(exit);
    stages_ = std::move(stages);
  }

  // Answers all questions; reports in the order of the questions, of those that ended. A question whose prompts outgrow
  // the context ends without an answer, and its report says so (`no_room`); the others go on.
  std::vector<QuestionReport> run(std::span<const Question> questions, const OnReport& on_report = nullptr);
  QuestionReport run(const Question& question) { return run(std::span<const Question>(&question, 1)).at(0); }

  [[nodiscard]] Observer& observer() { return observer_; }

 private:
  using Run = StageRun<B, Skip, Exit, Observer>;

  struct Walk {
    std::size_t place;  // of the question in the list
    StageWalk<Stages> stages;
    QuestionReport report;
    Clock::time_point started;
  };

  // The K/V cache lives as long as the pipeline if it is large enough: prefixes may be reused from run to run.
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
  // False where the question has ended: after its last request, or because the next one does not fit.
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
  // Takes what a request said that is done.
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

// Defined outside of the class, as in engine/session.hpp.
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
  // Puts the question's next request to work; where there is none the question has ended.
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
