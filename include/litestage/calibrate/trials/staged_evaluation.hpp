// Runs questions through their stages under many settings of the policies at once. All of them share ragged batches. No
// stage is generated twice for the same question, decisions and earlier texts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/calibrate/trials/stage_memo.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/run/lanes.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/pipeline/progress.hpp"
#include "litestage/pipeline/stage_walk.hpp"
#include "litestage/policy/any_schedule.hpp"

namespace litestage::calibrate {

// Maps a stage generated without an early exit to the report that it would have with one. The cache of replayed results
// uses the pointer as a key.
using Replay = std::shared_ptr<const std::function<StageReport(const StageReport&)>>;

// A setting of the policies. Stages with equal keys have equal decisions.
template <class Skip, class Exit>
struct Variant {
  Skip skip = {};
  Exit exit = {};
  std::vector<std::string> keys = {};  // [stages]
  Replay replay = nullptr;             // replaces an exit: stages are generated to their end and cut afterwards
};

struct EvaluationOptions {
  std::size_t batch = 16;       // number of stages that run together
  std::size_t context = 0;      // positions of one branch; 0: 1024, or the model's if it has fewer
  std::size_t step_rows = 512;  // largest number of tokens of one step
  KvType kv = KvType::f16;
  Scored scored = Scored::letters;             // what is scored after the last stage
  StageRunOptions generation = {};             // its sampler is greedy; stages may have samplers of their own
  std::function<bool()> keep_going = nullptr;  // called before every step; Stopped is thrown if it returns false
  // Called when a walk ends, with the numbers of ended and of all walks of the run.
  std::function<void(std::size_t ended, std::size_t total)> on_progress = nullptr;
};

struct GenerationCounts {
  std::size_t stages = 0;  // includes the scoring after the last stage
  std::int64_t tokens = 0;

  void add(const StageResult& result) {
    ++stages;
    tokens += result.report.chosen_tokens();
  }
};

// Called with every result as soon as it is generated.
using OnStageResult = std::function<void(const StageKey&, const StageResult&)>;

template <Backend B, class Skip, class Exit>
class StagedEvaluation {
 public:
  struct Work {
    const Variant<Skip, Exit>* variant = nullptr;
    std::size_t question = 0;
  };

  // `questions` and `memo` outlive the evaluation. The prompts of `stages` must depend on the transcript alone.
  StagedEvaluation(LanguageModel<B> model, AnySchedule stages, std::span<const Question> questions, StageMemo& memo,
                   EvaluationOptions options)
      : model_(std::move(model)),
        stages_(std::move(stages)),
        questions_(questions),
        memo_(&memo),
        options_(std::move(options)) {
    // A stage's own sampler is a part of the schedule, and its random numbers depend on question, stage and branch, so
    // its texts can be repeated. Those of the run's sampler could be too, but no record states it.
    LITESTAGE_ASSERT(options_.generation.sampler.greedy(), "results are remembered without the run's sampler");
    LITESTAGE_ASSERT(!questions.empty(), "an evaluation has questions");
    for (const Question& q : questions) {
      stages_.check_question(q);
      branches_ = std::max({branches_, stages_.branches(q), scored_branches(options_.scored, q)});
    }
  }

  void on_result(OnStageResult hook) { on_result_ = std::move(hook); }
  [[nodiscard]] const GenerationCounts& generated() const { return generated_; }
  [[nodiscard]] std::span<const Question> questions() const { return questions_; }
  [[nodiscard]] const AnySchedule& stages() const { return stages_; }
  [[nodiscard]] const LanguageModel<B>& model() const { return model_; }

  // Questions that did not fit into the context under some setting, each with its first such stage.
  [[nodiscard]] const std::map<std::size_t, NoRoom>& without_room() const { return without_room_; }

  // Returns the path of each work, in the order given. The pointers in it are valid as long as the memo and this
  // object. If a prompt outgrows the context, that stage and those after it have no branches, and the scoring has no
  // scores.
  std::vector<Path> run(std::span<const Work> work) {
    if (!lanes_) lanes_ = make_lanes(unobserved_);
    return run(work, *lanes_, options_.scored);
  }
  // Runs with an observer and scores nothing, so that the observer sees stages only. It sees only stages that
  // were not generated before.
  template <StepObserver Observer>
  std::vector<Path> run_observed(std::span<const Work> work, Observer& observer) {
    ObserverCallsTo<Observer> calls(observer);
    return run(work, *make_lanes(calls), Scored::nothing);
  }

 private:
  // A walk through the stages that was begun.
  struct ActiveWork {
    const Variant<Skip, Exit>* variant;
    std::size_t question;
    StageWalk walk;
    Path path = {};
  };

  [[nodiscard]] std::unique_ptr<Lanes<B>> make_lanes(ObserverCalls& observer) {
    return std::make_unique<Lanes<B>>(
        model_, observer, LaneOptions{options_.batch, branches_, options_.context, options_.step_rows, options_.kv},
        options_.generation);
  }

  std::vector<Path> run(std::span<const Work> work, Lanes<B>& lanes, Scored scored) {
    begin(work, scored);
    const auto fill = [&](std::size_t lane) {
      while (lanes.idle(lane) && !ready_.empty()) {
        const std::size_t index = ready_.front();
        ready_.pop_front();
        go_on(index, lane, lanes);
      }
    };
    const auto ended = [&](std::size_t lane, StageRun<B>& request) {
      take(lane, request);
      go_on(on_lane_[lane].work, lane, lanes);  // stays on the lane, whose slots may hold a prefix of the next prompt
    };
    const auto keep_going = [&] { return !options_.keep_going || options_.keep_going(); };
    if (!lanes.run(fill, ended, keep_going)) throw Stopped{};
    std::vector<Path> paths;
    for (ActiveWork& active : active_) paths.push_back(std::move(active.path));
    return paths;
  }

  void begin(std::span<const Work> work, Scored scored) {
    ended_ = 0;
    active_.clear();
    ready_.clear();
    waiting_.clear();
    on_lane_.assign(options_.batch, {});
    for (const Work& w : work) {
      LITESTAGE_ASSERT(w.variant->keys.size() == stages_.size(), w.variant->keys.size(), " keys");
      ready_.push_back(active_.size());
      active_.push_back({w.variant, w.question, StageWalk(stages_, questions_[w.question], scored)});
    }
  }

  // Takes the walk through all stages that the memo holds. The first stage that it does not hold starts on the lane,
  // unless it is being generated for another walk already; this walk then waits for it.
  void go_on(std::size_t index, std::size_t lane, Lanes<B>& lanes) {
    ActiveWork& work = active_[index];
    while (!work.walk.ended()) {
      StageKey key = key_of(work);
      if (const StageResult* known = memo_->find(key)) {
        follow(work, *known);
        continue;
      }
      const auto [at, first] = waiting_.try_emplace(key);
      if (!first) {
        at->second.push_back(index);
        return;
      }
      StageRequest request = work.walk.next_request(model_.tokenizer());
      if (const std::optional<NoRoom> none = lanes.no_room(request)) {
        waiting_.erase(at);
        give_up(work, *none);
        continue;
      }
      on_lane_[lane] = {index, std::move(key), PromptShape(request)};
      lanes.start(lane, calls_to(work.variant->skip, work.variant->exit), std::move(request));
      return;
    }
    ++ended_;
    if (options_.on_progress) options_.on_progress(ended_, active_.size());
  }

  // Ends the walk. Stages that did not run are not added to the memo, because they would run in a larger context.
  void give_up(ActiveWork& work, const NoRoom& none) {
    without_room_.emplace(work.question, none);
    const std::size_t steps = work.walk.steps();
    for (StageReport& report : work.walk.give_up()) {
      not_run_.emplace_back().report = std::move(report);
      work.path.push_back({&not_run_.back(), nullptr});
    }
    if (work.path.size() < steps) work.path.push_back({&not_run_.emplace_back(), nullptr});  // the scoring
  }

  void take(std::size_t lane, StageRun<B>& run) {
    OnLane& at = on_lane_[lane];
    StageResult result;
    result.positions = run.positions();
    if (at.key.stage == stages_.size())
      result.letter_logits = run.take_scores();
    else if (at.key.stage > stages_.size())
      result.gold_scores = run.take_scores();
    else
      result.report = run.take_report();
    const StageResult& kept = memo_->add(at.key, std::move(result));
    prompts_.emplace(&kept, std::move(at.prompts));
    generated_.add(kept);
    if (on_result_) on_result_(at.key, kept);
    const auto waiting = waiting_.find(at.key);
    ready_.insert(ready_.end(), waiting->second.begin(), waiting->second.end());
    waiting_.erase(waiting);
  }

  [[nodiscard]] StageKey key_of(const ActiveWork& work) const {
    const std::size_t stage = work.walk.steps_done(), last = stages_.size() - 1;
    const std::size_t golds = work.walk.at_scoring() && work.walk.scored() == Scored::golds ? 1 : 0;
    return {work.question, stage + golds, work.variant->keys[std::min(stage, last)], hash_of(work.walk.outputs())};
  }
  // Advances the walk by a known result.
  void follow(ActiveWork& work, const StageResult& result) {
    if (work.walk.at_scoring()) {
      work.path.push_back({&result, nullptr});
      work.walk.advance({});
      return;
    }
    const auto prompts = prompts_.find(&result);
    const PromptShape& shape =  // results restored from a journal have no prompt shape
        prompts != prompts_.end()
            ? prompts->second
            : prompts_.emplace(&result, PromptShape(work.walk.next_request(model_.tokenizer()))).first->second;
    const StageResult& seen = work.variant->replay ? replayed(*work.variant, result) : result;
    work.path.push_back({&seen, &shape});
    work.walk.advance(seen.report);
  }
  const StageResult& replayed(const Variant<Skip, Exit>& variant, const StageResult& whole) {
    const auto [at, added] = replayed_.try_emplace({variant.replay, &whole}, whole);
    if (added) at->second.report = (*variant.replay)(whole.report);
    return at->second;
  }

  // The stage that a lane generates.
  struct OnLane {
    std::size_t work = 0;  // index in active_
    StageKey key;
    PromptShape prompts;
  };

  LanguageModel<B> model_;
  AnySchedule stages_;
  std::span<const Question> questions_;
  StageMemo* memo_;
  EvaluationOptions options_;
  OnStageResult on_result_;
  std::size_t branches_ = 1;
  ObserverCalls unobserved_;
  std::unique_ptr<Lanes<B>> lanes_;
  GenerationCounts generated_;
  std::map<std::size_t, NoRoom> without_room_;  // by question
  std::deque<StageResult> not_run_;             // results that paths point to for stages that did not run
  std::map<const StageResult*, PromptShape> prompts_;
  std::map<std::pair<Replay, const StageResult*>, StageResult> replayed_;
  // State of the current run.
  std::size_t ended_ = 0;  // number of walks that ended
  std::deque<ActiveWork> active_;
  std::deque<std::size_t> ready_;  // indices in active_ of walks that can continue
  // Stages being generated, and the other walks that wait for them.
  std::map<StageKey, std::vector<std::size_t>> waiting_;
  std::vector<OnLane> on_lane_;  // [lanes]
};

}  // namespace litestage::calibrate
