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

#include "litestage/early_exit/never.hpp"
#include "litestage/engine/any_tokenizer.hpp"
#include "litestage/engine/batch_runner.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/session.hpp"

#include "litestage/fwd.hpp"
#include "litestage/policy/check.hpp"
#include "litestage/skip/never.hpp"
#include "litestage/stages/single.hpp"

namespace litestage {

// Told of each stage of a question as it ends: the question's place in the list, and the report.
using OnStage = std::function<void(std::size_t, const StageReport&)>;

struct PipelineOptions {
  std::size_t batch = 1;        // questions in flight
  std::size_t branches = 0;     // parallel branches of a stage at most; 0: as many as a question has options
  std::size_t context = 1024;   // positions of one branch: prompt and answer
  std::size_t step_rows = 512;  // tokens forwarded in one step
  KvType kv = KvType::f16;
  StageRunOptions generation = {};
  bool score_letters = false;  // also report the option letters' logits after the last stage's prompt
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
  // `backend`, `model` and `tokenizer` outlive the pipeline; policies are copied.
  Pipeline(B& backend, const Model<B>& model, AnyTokenizer tokenizer, Skip skip = {}, Exit exit = {},
           Stages stages = {}, PipelineOptions options = {}, Observer observer = {})
      : backend_(&backend),
        model_(&model),
        tokenizer_(std::move(tokenizer)),
        skip_(std::move(skip)),
        exit_(std::move(exit)),
        stages_(std::move(stages)),
        options_(std::move(options)),
        observer_(std::move(observer)) {
    LITESTAGE_ASSERT(options_.batch > 0 && options_.context > 1 && options_.step_rows > 0,
                     "empty batch, context or step");
  }

  // Answers all questions; reports in the order of the questions, of those that ended.
  std::vector<QuestionReport> run(std::span<const Question> questions, const OnReport& on_report = nullptr) {
    make_session(questions);
    BatchRunner<B, Skip, Exit, Observer> runner(*session_, exit_, options_.step_rows);
    std::vector<std::optional<QuestionReport>> reports(questions.size());
    std::vector<Lane> lanes(std::min(options_.batch, questions.size()));
    std::size_t next = 0;
    bool go_on = true;
    for (std::size_t i = 0; i < lanes.size(); ++i) {
      for (std::size_t b = 0; b < branches_; ++b) lanes[i].slots.push_back(static_cast<int>(i * branches_ + b));
      begin_question(lanes[i], questions, next++);
    }
    std::vector<Run*> active;
    while (go_on) {
      active.clear();
      for (Lane& lane : lanes) {
        if (lane.run) active.push_back(lane.run.get());
      }
      if (active.empty()) break;
      runner.step(active);
      go_on = !options_.keep_going || options_.keep_going();
      for (Lane& lane : lanes) {
        if (!lane.run || !lane.run->done() || end_request(lane)) continue;
        reports[lane.question] = std::move(lane.report);
        if (on_report) go_on = on_report(lane.question, *reports[lane.question]) && go_on;
        if (go_on && next < questions.size()) begin_question(lane, questions, next++);
      }
    }
    return finished(reports);
  }
  QuestionReport run(const Question& question) { return run(std::span<const Question>(&question, 1)).at(0); }

  [[nodiscard]] Observer& observer() { return observer_; }

 private:
  using Run = StageRun<B, Skip, Exit, Observer>;

  // One question at work, on slots of its own.
  struct Lane {
    std::vector<int> slots;  // [branches]
    std::size_t question = 0;
    std::size_t stage = 0;  // size() while letters are scored
    Transcript transcript;
    QuestionReport report;
    std::unique_ptr<Run> run;  // the request at work
    Clock::time_point started{};
  };

  // The K/V cache lives as long as the pipeline if it is large enough: prefixes may be reused from run to run.
  void make_session(std::span<const Question> questions) {
    std::size_t branches = options_.branches;
    for (const Question& q : questions) {
      if (options_.branches == 0) branches = std::max(branches, q.options.size());
    }
    branches = std::max<std::size_t>(branches, 1);
    const std::size_t slots = branches * std::min(options_.batch, std::max<std::size_t>(questions.size(), 1));
    if (session_ && branches == branches_ && slots <= session_->cache().index().slots()) return;
    branches_ = branches;
    session_ = std::make_unique<Session<B>>(*backend_, *model_,
                                            SessionOptions{slots, options_.context, options_.kv, options_.profile});
  }

  void begin_question(Lane& lane, std::span<const Question> questions, std::size_t question) {
    lane.question = question;
    lane.stage = 0;
    lane.transcript = Transcript{questions[question], {}};
    lane.report = QuestionReport{};
    lane.report.id = questions[question].id;
    lane.started = Clock::now();
    begin_stage(lane);
  }

  void begin_stage(Lane& lane) {
    std::vector<std::vector<int>> prompts;
    for (const Prompt& prompt : stages_.prompts(lane.stage, lane.transcript))
      prompts.push_back(tokenizer_.encode(prompt));
    start(lane, lane.stage, std::move(prompts), {});
  }

  void start(Lane& lane, std::size_t stage, std::vector<std::vector<int>> prompts, std::vector<int> score_tokens) {
    if (prompts.empty() || prompts.size() > lane.slots.size()) {
      throw Error(concat("question ", lane.report.id, ", stage ", stages_.stage(stage).name, " has ", prompts.size(),
                         " branches, accepted are 1 to ", lane.slots.size(), " (the branches of the pipeline)"));
    }
    for (const std::vector<int>& prompt : prompts) {
      if (prompt.empty())
        throw Error(concat("question ", lane.report.id, ": the prompt has no tokens, accepted is one or more"));
    }
    StageRequest request;
    request.question = lane.report.id;
    request.index = static_cast<int>(stage);
    request.stage = stages_.stage(stage);
    request.prompts = std::move(prompts);
    request.slots = lane.slots;
    request.score_tokens = std::move(score_tokens);
    request.stream = lane.question * 64 + stage;
    const typename Run::Context context{session_.get(), &skip_, &exit_, &observer_, &tokenizer_, options_.generation};
    lane.run = std::make_unique<Run>(context, std::move(request));
  }

  // Takes what the lane's finished request says and begins the next one. False when the question is done.
  bool end_request(Lane& lane) {
    const bool scoring = lane.stage == stages_.size();
    if (scoring) {
      lane.report.letter_logits = lane.run->take_scores();
      lane.run.reset();
      return false;
    }
    StageReport report = lane.run->take_report();
    lane.run.reset();
    std::vector<std::string> texts;
    for (const BranchReport& b : report.branches) texts.push_back(b.text);
    if (options_.on_stage) options_.on_stage(lane.question, report);
    lane.report.stages.push_back(std::move(report));
    if (++lane.stage < stages_.size()) {
      lane.transcript.outputs.push_back(std::move(texts));
      begin_stage(lane);
      return true;
    }
    lane.report.seconds = seconds_between(lane.started, Clock::now());
    if (!options_.score_letters) return false;
    begin_scoring(lane);
    return true;
  }

  // The last stage's prompt, made to begin its answer with the probe; the letters' tokens are what follows it when the
  // letter is written out, so that a tokenizer's treatment of blanks needs no special case.
  void begin_scoring(Lane& lane) {
    if constexpr (StatesAnswer<Stages>) {
      const AnswerFormat format = stages_.answer_format();
      const std::size_t last = stages_.size() - 1;
      const std::vector<Prompt> prompts = stages_.prompts(last, lane.transcript);
      std::vector<int> probe, letters;
      for (std::size_t i = 0; i < lane.transcript.question.options.size(); ++i) {
        Prompt prompt = prompts.at(0);
        prompt.continuation += format.probe + format.letter_prefix + static_cast<char>('A' + i);
        std::vector<int> tokens = tokenizer_.encode(prompt);
        if (tokens.size() < 2) throw Error(concat("question ", lane.report.id, ": the prompt to score has no tokens"));
        letters.push_back(tokens.back());
        tokens.pop_back();
        if (i == 0) probe = tokens;
        if (tokens != probe || std::count(letters.begin(), letters.end(), letters.back()) != 1) {
          throw Error(concat("question ", lane.report.id,
                             ": option letters cannot be scored, since the tokenizer does not "
                             "write each as one token of its own after \"",
                             format.probe, format.letter_prefix, "\""));
        }
      }
      if (letters.empty())
        throw Error(concat("question ", lane.report.id, " has no options, so no letter can be scored"));
      start(lane, last, {std::move(probe)}, std::move(letters));
    } else {
      throw Error("option letters cannot be scored with a schedule that does not state answers");
    }
  }

  [[nodiscard]] static std::vector<QuestionReport> finished(std::vector<std::optional<QuestionReport>>& reports) {
    std::vector<QuestionReport> out;
    for (std::optional<QuestionReport>& r : reports) {
      if (r) out.push_back(std::move(*r));
    }
    return out;
  }

  B* backend_;
  const Model<B>* model_;
  AnyTokenizer tokenizer_;
  Skip skip_;
  Exit exit_;
  Stages stages_;
  PipelineOptions options_;
  Observer observer_;
  std::size_t branches_ = 0;  // slots of one lane
  std::unique_ptr<Session<B>> session_;
};

}  // namespace litestage
