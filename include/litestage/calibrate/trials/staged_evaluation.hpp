// Runs questions through their stages under many settings of the policies at once. All of them share ragged batches,
// and no stage is generated twice for the same question, under the same decisions and after the same texts.
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
#include "litestage/engine/observer.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/engine/stage_request.hpp"
#include "litestage/policy/check.hpp"

namespace litestage::calibrate {

// Thrown out of an evaluation when keep_going said no. What was finished is in the memo, and in the journal.
struct Stopped {};

// What an early exit would have left of a stage that was generated without it. Shared, since what it left is kept.
using Replay = std::shared_ptr<const std::function<StageReport(const StageReport&)>>;

// A setting of the policies. Stages with equal keys decide equally there.
template <class Skip, class Exit>
struct Variant {
  Skip skip = {};
  Exit exit = {};
  std::vector<std::string> keys = {};  // [stages]
  Replay replay = nullptr;             // in place of an exit: stages are generated whole, and cut afterwards
};

struct EvaluationOptions {
  std::size_t batch = 16;       // stages in flight
  std::size_t context = 0;      // positions of one branch; 0: 1024, or the model's where it has fewer
  std::size_t step_rows = 512;  // tokens forwarded in one step
  KvType kv = KvType::f16;
  bool score_letters = true;                   // every walk ends with the logits of the option letters
  StageRunOptions generation = {};             // greedy, or nothing here is repeatable
  std::function<bool()> keep_going = nullptr;  // asked after every step
  std::function<void(std::size_t, std::size_t)> on_walk = nullptr;  // told how many walks of a run ended, of how many
};

struct GenerationCounts {
  std::size_t stages = 0;  // the letters' step included
  std::int64_t tokens = 0;

  void add(const StageResult& result) {
    ++stages;
    tokens += result.report.generated_tokens;
  }
};

// Told of everything that is generated, as soon as it is.
using OnStageResult = std::function<void(const StageKey&, const StageResult&)>;

template <Backend B, class Skip, class Exit, StageSchedule Stages>
class StagedEvaluation {
  static_assert(CheckSkipPolicy<Skip>::passed && CheckExitPolicy<Exit>::passed);

 public:
  struct Work {
    const Variant<Skip, Exit>* variant = nullptr;
    std::size_t question = 0;
  };
  using Path = std::vector<StageResult*>;  // [stages], then the letters if they are scored

  // Everything outlives the evaluation. `stages` must depend on nothing but the transcript.
  StagedEvaluation(B& backend, const Model<B>& model, AnyTokenizer tokenizer, Stages stages,
                   std::span<const Question> questions, StageMemo& memo, EvaluationOptions options)
      : backend_(&backend),
        model_(&model),
        tokenizer_(std::move(tokenizer)),
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
  [[nodiscard]] const AnyTokenizer& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const ModelConfig& config() const { return model_->config; }

  // Questions that some setting could not answer, because a prompt outgrew the context; of each, the first such stage.
  [[nodiscard]] const std::map<std::size_t, NoRoom>& without_room() const { return without_room_; }

  // The way of each work through its stages, in the order given. What it points at lives as long as the memo and this.
  // Where a prompt outgrows the context, that stage and those after it have no branches, and the letters no logits.
  std::vector<Path> run(std::span<const Work> work) {
    if (!lanes_) lanes_ = make_lanes(no_observer_);
    return run(work, *lanes_, options_.score_letters);
  }
  // The same with an observer, without letters: what it is told of are the stages alone. Only what was not generated
  // before is seen.
  template <StepObserver Observer>
  std::vector<Path> run_observed(std::span<const Work> work, Observer& observer) {
    return run(work, *make_lanes(observer), false);
  }

 private:
  template <class Observer>
  using LanesOf = Lanes<B, Skip, Exit, Observer>;

  struct Walk {
    const Variant<Skip, Exit>* variant;
    Transcript transcript;
    std::size_t question;
    Path path = {};
  };

  template <class Observer>
  [[nodiscard]] std::unique_ptr<LanesOf<Observer>> make_lanes(Observer& observer) {
    return std::make_unique<LanesOf<Observer>>(
        *backend_, *model_, tokenizer_, observer,
        LaneOptions{options_.batch, branches_, options_.context, options_.step_rows, options_.kv}, options_.generation);
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
      go_on(at_work_[lane].walk, lane, lanes);  // first on the same lane, whose slots may hold a prefix of it
    };
    try {
      do {
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) fill(lane);
        if (options_.keep_going && !options_.keep_going()) throw Stopped{};
      } while (lanes.step(ended));
    } catch (...) {
      lanes.stop();
      throw;
    }
    std::vector<Path> paths;
    for (Walk& walk : walks_) paths.push_back(std::move(walk.path));
    return paths;
  }

  void begin(std::span<const Work> work, bool letters) {
    steps_ = stages_.size() + (letters ? 1 : 0);
    ended_ = 0;
    walks_.clear();
    ready_.clear();
    waiting_.clear();
    at_work_.assign(options_.batch, {});
    for (const Work& w : work) {
      LITESTAGE_ASSERT(w.variant->keys.size() == stages_.size(), w.variant->keys.size(), " keys");
      ready_.push_back(walks_.size());
      walks_.push_back({w.variant, {questions_[w.question], {}}, w.question});
    }
  }

  // Follows what is known; where something is not, starts it on the lane, or waits for the one who is at it.
  template <class Observer>
  void go_on(std::size_t index, std::size_t lane, LanesOf<Observer>& lanes) {
    Walk& walk = walks_[index];
    while (true) {
      if (walk.path.size() == steps_) {
        ++ended_;
        if (options_.on_walk) options_.on_walk(ended_, walks_.size());
        return;
      }
      StageKey key = key_of(walk);
      if (StageResult* known = memo_->find(key)) {
        follow(walk, *known);
        continue;
      }
      const auto [at, first] = waiting_.try_emplace(key);
      if (!first) {
        at->second.push_back(index);
        return;
      }
      StageRequest request = request_of(walk);
      if (const std::optional<NoRoom> none = lanes.no_room(request)) {
        waiting_.erase(at);
        give_up(walk, *none);
        continue;
      }
      at_work_[lane] = {index, std::move(key), {}};
      at_work_[lane].result.set_prompts(request);
      lanes.start(lane, walk.variant->skip, walk.variant->exit, std::move(request));
      return;
    }
  }

  // What did not run is not remembered: in a larger context it would run.
  void give_up(Walk& walk, const NoRoom& none) {
    without_room_.emplace(walk.question, none);
    while (walk.path.size() < steps_) {
      StageResult& result = not_run_.emplace_back();
      if (walk.path.size() < stages_.size()) result.report.name = stages_.stage(walk.path.size()).name;
      walk.path.push_back(&result);
    }
  }

  template <class Run>
  void take(std::size_t lane, Run& run) {
    AtWork& work = at_work_[lane];
    work.result.positions = run.positions();
    if (work.key.stage == stages_.size())
      work.result.letter_logits = run.take_scores();
    else
      work.result.report = run.take_report();
    const StageResult& result = memo_->add(work.key, std::move(work.result));
    generated_.add(result);
    if (on_result_) on_result_(work.key, result);
    const auto waiting = waiting_.find(work.key);
    for (const std::size_t walk : waiting->second) ready_.push_back(walk);
    waiting_.erase(waiting);
  }

  [[nodiscard]] StageKey key_of(const Walk& walk) const {
    const std::size_t stage = walk.path.size(), last = stages_.size() - 1;
    return {walk.question, stage, walk.variant->keys[std::min(stage, last)], hash_of(walk.transcript.outputs)};
  }
  [[nodiscard]] StageRequest request_of(const Walk& walk) const {
    if (walk.path.size() < stages_.size())
      return stage_request(stages_, walk.path.size(), walk.transcript, tokenizer_, 0);
    if constexpr (StatesAnswer<Stages>) {
      return letter_request(stages_, walk.transcript, tokenizer_);
    } else {
      throw Error("option letters cannot be scored with a schedule that does not state answers");
    }
  }
  void follow(Walk& walk, StageResult& result) {
    const std::size_t stage = walk.path.size();
    if (stage < stages_.size()) {
      if (result.prompt.empty()) result.set_prompts(request_of(walk));
      // The letters' prompt is the last stage's: what that stage wrote does not come before it.
      StageResult& seen = walk.variant->replay ? replayed(*walk.variant, result) : result;
      if (stage + 1 < stages_.size()) walk.transcript.outputs.push_back(texts_of(seen.report));
      walk.path.push_back(&seen);
    } else {
      walk.path.push_back(&result);
    }
  }
  StageResult& replayed(const Variant<Skip, Exit>& variant, const StageResult& whole) {
    const auto [at, added] = replayed_.try_emplace({variant.replay, &whole}, whole);
    if (added) at->second.report = (*variant.replay)(whole.report);
    return at->second;
  }
  [[nodiscard]] static std::vector<std::string> texts_of(const StageReport& report) {
    std::vector<std::string> texts;
    for (const BranchReport& b : report.branches) texts.push_back(b.text);
    return texts;
  }

  struct AtWork {
    std::size_t walk = 0;
    StageKey key;
    StageResult result;
  };

  B* backend_;
  const Model<B>* model_;
  AnyTokenizer tokenizer_;
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
  std::deque<StageResult> not_run_;             // what paths point at where a stage did not run
  std::map<std::pair<Replay, const StageResult*>, StageResult> replayed_;
  // Of the run at hand.
  std::size_t steps_ = 0, ended_ = 0;
  std::deque<Walk> walks_;
  std::deque<std::size_t> ready_;                         // walks that can go on
  std::map<StageKey, std::vector<std::size_t>> waiting_;  // what is being generated, and the other walks that need it
  std::vector<AtWork> at_work_;                           // [lanes]
};

}  // namespace litestage::calibrate
