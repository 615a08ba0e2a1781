// Parallel lanes, each with its own slots in the K/V cache and one request at a time; all lanes share every forward
// step. The caller decides which request a lane runs next: Pipeline runs questions through their stages; a search also
// runs many settings side by side, since each request brings its own policies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/engine/language_model.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/run/batch_runner.hpp"
#include "litestage/engine/run/stage_run.hpp"

namespace litestage {

// The default number of positions of a branch: enough for answers to short questions, and no more than the model's
// context length.
inline constexpr std::size_t default_context = 1024;
[[nodiscard]] inline std::size_t context_or_default(std::size_t asked, const ModelConfig& model) {
  return asked > 0 ? asked : std::min<std::size_t>(default_context, model.max_context);
}

struct LaneOptions {
  std::size_t lanes = 1;
  std::size_t branches = 1;     // slots per lane: the maximum number of parallel branches of a stage
  std::size_t context = 0;      // positions of one branch: prompt and answer; 0: context_or_default
  std::size_t step_rows = 512;  // tokens forwarded in one step
  KvType kv = KvType::f16;
  Profile* profile = nullptr;  // filled if not null; outlives the lanes
};

template <Backend B>
class Lanes {
 public:
  using Run = StageRun<B>;

  // `observer` outlives the lanes.
  Lanes(LanguageModel<B> model, ObserverCalls& observer, LaneOptions options, StageRunOptions generation);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  [[nodiscard]] std::size_t size() const { return runs_.size(); }
  [[nodiscard]] std::size_t branches() const { return options_.branches; }
  [[nodiscard]] bool idle(std::size_t lane) const { return runs_[lane] == nullptr; }

  // Why the request cannot begin: if there is a reason, `start` throws Error.
  [[nodiscard]] std::optional<NoRoom> no_room(const StageRequest& request) {
    return litestage::no_room(request, session_.cache().index().capacity());
  }
  // Starts a request on an idle lane, in the slots of that lane. A prefix that these slots hold from an earlier request
  // is reused where tokens and decisions are equal. `policies` are those of calls_to(skip, exit).
  void start(std::size_t lane, std::unique_ptr<PolicyCalls> policies, StageRequest request);
  // Clears the slots of a lane, so that the next request reuses nothing.
  void forget(std::size_t lane) {
    for (std::size_t b = 0; b < options_.branches; ++b) {
      session_.cache().truncate(static_cast<int>(lane * options_.branches + b), 0);
    }
  }
  // Runs steps until no lane has work. Before each step `fill(lane)` is called for each idle lane and may start a
  // request, and `keep_going()` may end the run. After each step `on_done(lane, run)` is called for each finished
  // request and may start the next one on that lane. Returns false if keep_going returned false; active requests are
  // then abandoned, as they are if an exception is thrown.
  template <class Fill, class OnDone, class KeepGoing>
  bool run(Fill&& fill, OnDone&& on_done, KeepGoing&& keep_going) {
    bool goes_on = true;
    try {
      do {
        for (std::size_t lane = 0; lane < size(); ++lane) {
          if (idle(lane)) fill(lane);
        }
        goes_on = keep_going();
      } while (goes_on && step(on_done));
    } catch (...) {
      give_up();
      throw;
    }
    give_up();
    return goes_on;
  }
  // One forward step of all active requests, then on_done(lane, run) for each finished one, whose lane is already idle.
  // Returns false if no lane had work.
  template <class OnDone>
  bool step(OnDone&& on_done) {
    if (!advance()) return false;
    for (std::size_t lane = 0; lane < runs_.size(); ++lane) {
      if (!runs_[lane] || !runs_[lane]->done()) continue;
      const std::unique_ptr<Run> run = std::move(runs_[lane]);
      on_done(lane, *run);
    }
    return true;
  }

 private:
  // Abandons all active requests.
  void give_up();
  // One forward step of all active requests; false if there are none.
  bool advance();
  void check(const StageRequest& request) const {
    if (request.prompts.empty() || request.prompts.size() > options_.branches) {
      throw Error(concat("question ", shown(request.question), ", stage ", shown(request.stage.name), " has ",
                         request.prompts.size(), " branches, expected 1 to ", options_.branches,
                         " (the branches of the pipeline)"));
    }
    for (const std::vector<int>& prompt : request.prompts) {
      if (prompt.empty())
        throw Error(concat("question ", shown(request.question), ": the prompt has no tokens, expected one or more"));
    }
  }

  LaneOptions options_;
  LanguageModel<B> model_;
  Session<B> session_;
  BatchRunner<B> runner_;
  ObserverCalls* observer_;
  StageRunOptions generation_;
  std::vector<std::unique_ptr<Run>> runs_;  // [lanes], null for an idle lane
  std::vector<Run*> active_;
};

// Defined outside of the class, for the reason given in engine/session.hpp.
template <Backend B>
Lanes<B>::Lanes(LanguageModel<B> model, ObserverCalls& observer, LaneOptions options, StageRunOptions generation)
    : options_(options),
      model_(std::move(model)),
      session_(model_.backend(), model_.weights(),
               {options.lanes * options.branches, context_or_default(options.context, model_.config()), options.kv,
                options.profile}),
      runner_(session_, options.step_rows),
      observer_(&observer),
      generation_(std::move(generation)),
      runs_(options.lanes) {}

template <Backend B>
Lanes<B>::~Lanes() = default;

template <Backend B>
void Lanes<B>::start(std::size_t lane, std::unique_ptr<PolicyCalls> policies, StageRequest request) {
  LITESTAGE_ASSERT(idle(lane), "lane ", lane, " is at work");
  check(request);
  request.slots.clear();
  for (std::size_t b = 0; b < options_.branches; ++b) {
    request.slots.push_back(static_cast<int>(lane * options_.branches + b));
  }
  runs_[lane] = std::make_unique<Run>(typename Run::Context{&session_, observer_, &model_.tokenizer(), &generation_},
                                      std::move(policies), std::move(request));
}

template <Backend B>
void Lanes<B>::give_up() {
  for (std::unique_ptr<Run>& run : runs_) run.reset();
}

template <Backend B>
bool Lanes<B>::advance() {
  active_.clear();
  for (const std::unique_ptr<Run>& run : runs_) {
    if (run) active_.push_back(run.get());
  }
  if (active_.empty()) return false;
  runner_.step(active_);
  return true;
}

}  // namespace litestage

#if !LITESTAGE_HEADER_ONLY
#include "litestage/compiled/lanes.hpp"
#endif
