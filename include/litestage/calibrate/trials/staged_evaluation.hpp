// Runs questions through their stages under many settings of the policies at once. All of them share ragged batches. No
// stage is generated twice for the same question, decisions and earlier texts.
#pragma once

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
#include "litestage/engine/lanes.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/pipeline/progress.hpp"
#include "litestage/pipeline/stage_walk.hpp"
#include "litestage/policy/check.hpp"

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
  bool score_letters = true;                   // whether every walk ends with the logits of the option letters
  StageRunOptions generation = {};             // must be greedy, because results are reused
  std::function<bool()> keep_going = nullptr;  // called before every step; Stopped is thrown if it returns false
  std::function<void(std::size_t, std::size_t)> on_walk = nullptr;  // called with the ended and all walks of a run
};

struct GenerationCounts {
  std::size_t stages = 0;  // includes the steps that score option letters
  std::int64_t tokens = 0;

  void add(const StageResult& result) {
    ++stages;
    tokens += result.report.generated_tokens;
  }
};

// Called with every result as soon as it is generated.
using OnStageResult = std::function<void(const StageKey&, const StageResult&)>;

template <Backend B, class Skip, class Exit, StageSchedule Stages>
class StagedEvaluation {
  static_assert(CheckSkipPolicy<Skip>::passed && CheckExitPolicy<Exit>::passed);

 public:
  struct Work {
    const Variant<Skip, Exit>* variant = nullptr;
    std::size_t question = 0;
  };

  // `questions` and `memo` outlive the evaluation. `stages` must depend on nothing but the transcript.
  StagedEvaluation(LanguageModel<B> model, Stages stages, std::span<const Question> questions, StageMemo& memo,
                   EvaluationOptions options)
      : model_(std::move(model)),
        stages_(std::move(stages)),
        questions_(questions),
        memo_(&memo),
        options_(std::move(options)) {
    LITESTAGE_ASSERT(options_.generation.sampler.greedy(), "only greedy generation can be repeated");
    LITESTAGE_ASSERT(!questions.empty(), "an evaluation has questions");
    for (const Question& q : questions) branches_ = std::max(branches_, q.options.size());
  }

  void on_result(OnStageResult hook) { on_result_ = std::move(hook); }
  [[nodiscard]] const GenerationCounts& generated() const { return generated_; }
  [[nodiscard]] std::span<const Question> questions() const { return questions_; }
  [[nodiscard]] const Stages& stages() const { return stages_; }
  [[nodiscard]] const LanguageModel<B>& model() const { return model_; }

  // Questions that did not fit into the context under some setting, each with its first such stage.
  [[nodiscard]] const std::map<std::size_t, NoRoom>& without_room() const { return without_room_; }

  // Returns the path of each work, in the order given. The pointers in it are valid as long as the memo and this
  // object. If a prompt outgrows the context, that stage and those after it have no branches, and the letters no
  // logits.
  std::vector<Path> run(std::span<const Work> work) {
    if (!lanes_) lanes_ = make_lanes(no_observer_);
    return run(work, *lanes_, options_.score_letters);
  }
  // Runs with an observer and without option letters, so that the observer sees stages only. It sees only stages that
  // were not generated before.
  template <StepObserver Observer>
  std::vector<Path> run_observed(std::span<const Work> work, Observer& observer) {
    return run(work, *make_lanes(observer), false);
  }

 private:
  template <class Observer>
  using LanesOf = Lanes<B, Skip, Exit, Observer>;

  struct Walk {
    const Variant<Skip, Exit>* variant;
    std::size_t question;
    StageWalk<Stages> stages;
    Path path = {};
  };

  template <class Observer>
  [[nodiscard]] std::unique_ptr<LanesOf<Observer>> make_lanes(Observer& observer) {
    return std::make_unique<LanesOf<Observer>>(
        model_, observer, LaneOptions{options_.batch, branches_, options_.context, options_.step_rows, options_.kv},
        options_.generation);
  }

  template <class Observer>
  std::vector<Path> run(std::span<const Work> work, LanesOf<Observer>& lanes, bool letters) {
    begin(work, letters);
    const auto fill = [&](std::size_t lane) {
      while (lanes.idle(lane) && !ready_.empty()) {
        const std::size_t walk = ready_.front();
        ready_.pop_front();
        go_on(walk, lane, lanes);
      }
    };
    const auto ended = [&](std::size_t lane, auto& request) {
      take(lane, request);
      go_on(at_work_[lane].walk, lane, lanes);  // stays on the lane, whose slots may hold a prefix of the next prompt
    };
    const auto keep_going = [&] { return !options_.keep_going || options_.keep_going(); };
    if (!lanes.run(fill, ended, keep_going)) throw Stopped{};
    std::vector<Path> paths;
    for (Walk& walk : walks_) paths.push_back(std::move(walk.path));
    return paths;
  }

  void begin(std::span<const Work> work, bool letters) {
    ended_ = 0;
    walks_.clear();
    ready_.clear();
    waiting_.clear();
    at_work_.assign(options_.batch, {});
    for (const Work& w : work) {
      LITESTAGE_ASSERT(w.variant->keys.size() == stages_.size(), w.variant->keys.size(), " keys");
      ready_.push_back(walks_.size());
      walks_.push_back({w.variant, w.question, StageWalk<Stages>(stages_, questions_[w.question], letters)});
    }
  }

  // Follows the walk through all stages that the memo holds. The first stage that it does not hold starts on the lane;
  // if another walk is generating that stage already, this walk waits for it.
  template <class Observer>
  void go_on(std::size_t index, std::size_t lane, LanesOf<Observer>& lanes) {
    Walk& walk = walks_[index];
    while (!walk.stages.ended()) {
      StageKey key = key_of(walk);
      if (const StageResult* known = memo_->find(key)) {
        follow(walk, *known);
        continue;
      }
      const auto [at, first] = waiting_.try_emplace(key);
      if (!first) {
        at->second.push_back(index);
        return;
      }
      StageRequest request = walk.stages.request(model_.tokenizer(), 0);
      if (const std::optional<NoRoom> none = lanes.no_room(request)) {
        waiting_.erase(at);
        give_up(walk, *none);
        continue;
      }
      at_work_[lane] = {index, std::move(key), PromptShape(request)};
      lanes.start(lane, walk.variant->skip, walk.variant->exit, std::move(request));
      return;
    }
    ++ended_;
    if (options_.on_walk) options_.on_walk(ended_, walks_.size());
  }

  // Ends the walk. Stages that did not run are not added to the memo, because they would run in a larger context.
  void give_up(Walk& walk, const NoRoom& none) {
    without_room_.emplace(walk.question, none);
    const std::size_t steps = walk.stages.steps();
    for (StageReport& report : walk.stages.give_up()) {
      not_run_.emplace_back().report = std::move(report);
      walk.path.push_back({&not_run_.back(), nullptr});
    }
    if (walk.path.size() < steps) walk.path.push_back({&not_run_.emplace_back(), nullptr});  // the option letters
  }

  template <class Run>
  void take(std::size_t lane, Run& run) {
    AtWork& work = at_work_[lane];
    StageResult result;
    result.positions = run.positions();
    if (work.key.stage == stages_.size())
      result.letter_logits = run.take_scores();
    else
      result.report = run.take_report();
    const StageResult& kept = memo_->add(work.key, std::move(result));
    prompts_.emplace(&kept, std::move(work.prompts));
    generated_.add(kept);
    if (on_result_) on_result_(work.key, kept);
    const auto waiting = waiting_.find(work.key);
    for (const std::size_t walk : waiting->second) ready_.push_back(walk);
    waiting_.erase(waiting);
  }

  [[nodiscard]] StageKey key_of(const Walk& walk) const {
    const std::size_t stage = walk.stages.steps_done(), last = stages_.size() - 1;
    return {walk.question, stage, walk.variant->keys[std::min(stage, last)], hash_of(walk.stages.outputs())};
  }
  // Advances the walk by a known result.
  void follow(Walk& walk, const StageResult& result) {
    if (walk.stages.at_letters()) {
      walk.path.push_back({&result, nullptr});
      walk.stages.advance({});
      return;
    }
    const auto prompts = prompts_.find(&result);
    const PromptShape& shape =  // results restored from a journal have no prompt shape
        prompts != prompts_.end()
            ? prompts->second
            : prompts_.emplace(&result, PromptShape(walk.stages.request(model_.tokenizer(), 0))).first->second;
    const StageResult& seen = walk.variant->replay ? replayed(*walk.variant, result) : result;
    walk.path.push_back({&seen, &shape});
    walk.stages.advance(seen.report);
  }
  const StageResult& replayed(const Variant<Skip, Exit>& variant, const StageResult& whole) {
    const auto [at, added] = replayed_.try_emplace({variant.replay, &whole}, whole);
    if (added) at->second.report = (*variant.replay)(whole.report);
    return at->second;
  }

  struct AtWork {
    std::size_t walk = 0;
    StageKey key;
    PromptShape prompts;
  };

  LanguageModel<B> model_;
  Stages stages_;
  std::span<const Question> questions_;
  StageMemo* memo_;
  EvaluationOptions options_;
  OnStageResult on_result_;
  std::size_t branches_ = 1;
  NoObserver no_observer_;
  std::unique_ptr<LanesOf<NoObserver>> lanes_;
  GenerationCounts generated_;
  std::map<std::size_t, NoRoom> without_room_;  // by question
  std::deque<StageResult> not_run_;             // results that paths point to for stages that did not run
  std::map<const StageResult*, PromptShape> prompts_;
  std::map<std::pair<Replay, const StageResult*>, StageResult> replayed_;
  // State of the current run.
  std::size_t ended_ = 0;  // walks that ended
  std::deque<Walk> walks_;
  std::deque<std::size_t> ready_;  // walks that can go on
  // Stages being generated, and the other walks that wait for them.
  std::map<StageKey, std::vector<std::size_t>> waiting_;
  std::vector<AtWork> at_work_;  // [lanes]
};

}  // namespace litestage::calibrate
