// Runs questions through their stages on parallel lanes: each lane answers one question at a time, and all lanes share
// one ragged batch. Pipeline is this with a schedule and policies, and takes its PipelineOptions.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/run/lanes.hpp"
#include "litestage/pipeline/stage_walk.hpp"
#include "litestage/policy/any_schedule.hpp"

namespace litestage {

// Called with each stage of a question as it ends: the question's position in the list, and the report.
using OnStage = std::function<void(std::size_t, const StageReport&)>;

struct PipelineOptions {
  std::size_t batch = 1;     // questions answered at the same time
  std::size_t branches = 0;  // maximum number of parallel branches of a stage; 0: as many as the questions need
  std::size_t context = 0;   // positions of one branch: prompt and answer; 0: 1024, or the model's if that is smaller
  std::size_t step_rows = 512;  // tokens forwarded in one step
  KvType kv = KvType::f16;
  StageRunOptions generation = {};
  bool score_letters = false;     // also report the option letters' logits after the last stage's prompt
  bool forget_questions = false;  // reuse prefixes only within a question: times do not depend on earlier ones
  OnStage on_stage = nullptr;
  Profile* profile = nullptr;                  // filled if not null; outlives the pipeline
  std::function<bool()> keep_going = nullptr;  // called before every step; false ends the run early
};

// Called with each question as it ends (its position in the list, and the report). Returning false ends the run early.
using OnReport = std::function<bool(std::size_t, const QuestionReport&)>;

template <Backend B>
class QuestionRunner {
 public:
  // Makes the calls to the policies of a request that starts.
  using Policies = std::function<std::unique_ptr<PolicyCalls>()>;

  // `observer` outlives this object.
  QuestionRunner(LanguageModel<B> model, ObserverCalls& observer, PipelineOptions options);
  QuestionRunner(const QuestionRunner&) = delete;
  QuestionRunner& operator=(const QuestionRunner&) = delete;
  ~QuestionRunner();

  // See Pipeline::run.
  std::vector<QuestionReport> run(std::span<const Question> questions, const AnySchedule& stages,
                                  const Policies& policies, const OnReport& on_report);

 private:
  // A question on a lane.
  struct ActiveQuestion {
    std::size_t place;  // in the list of questions
    StageWalk walk;
    QuestionReport report;
    Clock::time_point started;
  };

  // The K/V cache lives as long as the runner unless it must grow, so prefixes may be reused from run to run.
  // Throws Error if a question lacks what the schedule needs.
  void make_lanes(std::span<const Question> questions, const AnySchedule& stages);
  // Returns false if the question has ended: after its last request, or because the next one does not fit.
  bool start(std::size_t lane, ActiveQuestion& question, const Policies& policies);
  // Processes the results of a finished request.
  void take(ActiveQuestion& question, StageRun<B>& run);

  LanguageModel<B> model_;
  ObserverCalls* observer_;
  PipelineOptions options_;
  std::unique_ptr<Lanes<B>> lanes_;
};

// Defined outside of the class, for the reason given in engine/session.hpp.
template <Backend B>
QuestionRunner<B>::QuestionRunner(LanguageModel<B> model, ObserverCalls& observer, PipelineOptions options)
    : model_(std::move(model)), observer_(&observer), options_(std::move(options)) {
  LITESTAGE_ASSERT(options_.batch > 0 && options_.context != 1 && options_.step_rows > 0,
                   "empty batch, context or step");
}

template <Backend B>
QuestionRunner<B>::~QuestionRunner() = default;

template <Backend B>
std::vector<QuestionReport> QuestionRunner<B>::run(std::span<const Question> questions, const AnySchedule& stages,
                                                   const Policies& policies, const OnReport& on_report) {
  make_lanes(questions, stages);
  std::vector<std::optional<QuestionReport>> reports(questions.size());
  std::vector<std::optional<ActiveQuestion>> active(lanes_->size());
  const Scored scored = options_.score_letters ? Scored::letters : Scored::nothing;
  std::size_t next = 0;
  bool go_on = true;
  // Starts the question's next request; without one the question has ended.
  const auto go = [&](std::size_t lane) {
    if (start(lane, *active[lane], policies)) return;
    const std::size_t place = active[lane]->place;
    reports[place] = std::move(active[lane]->report);
    if (on_report) go_on = on_report(place, *reports[place]) && go_on;
  };
  const auto fill = [&](std::size_t lane) {
    while (go_on && lanes_->idle(lane) && next < questions.size()) {
      active[lane].emplace(ActiveQuestion{next, StageWalk(stages, questions[next], scored), {}, Clock::now()});
      active[lane]->report.id = questions[next++].id;
      if (options_.forget_questions) lanes_->forget(lane);
      go(lane);
    }
  };
  const auto ended = [&](std::size_t lane, StageRun<B>& run) {
    take(*active[lane], run);
    go(lane);
  };
  lanes_->run(fill, ended, [&] { return go_on && (!options_.keep_going || options_.keep_going()); });
  std::vector<QuestionReport> out;
  for (std::optional<QuestionReport>& report : reports) {
    if (report) out.push_back(std::move(*report));
  }
  return out;
}

template <Backend B>
void QuestionRunner<B>::make_lanes(std::span<const Question> questions, const AnySchedule& stages) {
  LaneOptions lanes;
  lanes.lanes = std::min(options_.batch, std::max<std::size_t>(questions.size(), 1));
  lanes.branches = std::max<std::size_t>(options_.branches, 1);
  lanes.context = options_.context;
  lanes.step_rows = options_.step_rows;
  lanes.kv = options_.kv;
  lanes.profile = options_.profile;
  for (const Question& q : questions) {
    stages.check_question(q);
    if (options_.branches == 0) lanes.branches = std::max(lanes.branches, stages.branches(q));
  }
  if (lanes_ && lanes.branches == lanes_->branches() && lanes.lanes <= lanes_->size()) return;
  lanes_ = std::make_unique<Lanes<B>>(model_, *observer_, lanes, options_.generation);
}

template <Backend B>
bool QuestionRunner<B>::start(std::size_t lane, ActiveQuestion& question, const Policies& policies) {
  StageWalk& walk = question.walk;
  QuestionReport& report = question.report;
  if (walk.ended()) return false;
  StageRequest request = walk.next_request(model_.tokenizer());
  report.no_room = lanes_->no_room(request);
  if (!report.no_room) {
    lanes_->start(lane, policies(), std::move(request));
    return true;
  }
  if (!walk.at_scoring()) report.seconds = seconds_between(question.started, Clock::now());
  for (StageReport& stage : walk.give_up()) report.stages.push_back(std::move(stage));
  return false;
}

template <Backend B>
void QuestionRunner<B>::take(ActiveQuestion& question, StageRun<B>& run) {
  StageWalk& walk = question.walk;
  QuestionReport& report = question.report;
  report.positions = std::max(report.positions, run.positions());
  if (walk.at_scoring()) {
    report.letter_logits = run.take_scores();
    walk.advance({});
    return;
  }
  StageReport stage = run.take_report();
  walk.advance(stage);
  if (options_.on_stage) options_.on_stage(question.place, stage);
  report.stages.push_back(std::move(stage));
  if (walk.stages_ended()) report.seconds = seconds_between(question.started, Clock::now());
}

}  // namespace litestage

#if !LITESTAGE_HEADER_ONLY
#include "litestage/compiled/question_runner.hpp"
#endif
