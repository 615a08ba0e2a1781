// How the engine calls the policies and the observer of a request, whatever their types are. The engine is compiled
// once for a backend; of it, only the classes below are compiled for a new policy. The calls are virtual, a few for
// each segment and token. The loops over sub-layers are inside them, with the policy's own functions inlined.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/observer.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/policy/check.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// A skip policy and an exit policy with their states in all branches of one request.
class PolicyCalls {
 public:
  PolicyCalls() = default;
  PolicyCalls(const PolicyCalls&) = delete;
  PolicyCalls& operator=(const PolicyCalls&) = delete;
  virtual ~PolicyCalls() = default;

  [[nodiscard]] virtual Stat stats() const = 0;      // statistics that the skip policy reads
  [[nodiscard]] virtual Signal signals() const = 0;  // signals that the exit policy reads
  // Called once, before any other function below: starts the request in every branch.
  virtual void begin(const RequestInfo& request, std::size_t branches) = 0;
  // The decisions of all sub-layers for the next segment of a branch.
  [[nodiscard]] virtual Decisions decide(std::size_t branch, const StepInfo& step) const = 0;
  // Passes a complete segment's statistics, for the sub-layers that ran, to the skip policy.
  virtual void observe(std::size_t branch, const Segment& segment, const Decisions& decisions) = 0;
  // Copies the skip policy's state of the first branch, which ran the shared prefix, to all branches.
  virtual void fork() = 0;
  // Passes a chosen token to the exit policy.
  [[nodiscard]] virtual Verdict judge(std::size_t branch, const StepInfo& step, const TokenStats& token) = 0;
  // Asks the exit policy whether to look ahead after a kept token with this text.
  [[nodiscard]] virtual std::optional<LookAhead> look_ahead(std::size_t branch, const StepInfo& step,
                                                            std::string_view piece) = 0;
  [[nodiscard]] virtual Verdict judge_ahead(std::size_t branch, const LookAheadResult& seen) = 0;
  // The words to inject, after the verdict Verdict::inject.
  [[nodiscard]] virtual Injection injection(std::size_t branch) const = 0;
};

// `skip` and `exit` outlive the calls.
template <class Skip, class Exit>
class PolicyCallsTo final : public PolicyCalls {
  static_assert(CheckSkipPolicy<Skip>::passed && CheckExitPolicy<Exit>::passed);

 public:
  PolicyCallsTo(const Skip& skip, const Exit& exit) : skip_(&skip), exit_(&exit) {}

  [[nodiscard]] Stat stats() const override { return stats_read(*skip_); }
  [[nodiscard]] Signal signals() const override { return signals_read(*exit_); }
  void begin(const RequestInfo& request, std::size_t branches) override {
    n_layers_ = request.n_layers;
    for (std::size_t b = 0; b < branches; ++b) branches_.push_back({skip_->begin(request), exit_->begin(request)});
  }
  [[nodiscard]] Decisions decide(std::size_t branch, const StepInfo& step) const override {
    return decide_all(*skip_, branches_[branch].skip, step, n_layers_);
  }
  void observe(std::size_t branch, const Segment& segment, const Decisions& decisions) override {
    if constexpr (any(Skip::stats)) {
      segment.for_each_run(decisions, [&](Sublayer u, const SublayerStats& stats) {
        skip_->observe(branches_[branch].skip, segment.step, u, stats);
      });
    }
  }
  void fork() override {
    for (std::size_t b = 1; b < branches_.size(); ++b) branches_[b].skip = branches_[0].skip;
  }
  [[nodiscard]] Verdict judge(std::size_t branch, const StepInfo& step, const TokenStats& token) override {
    return exit_->observe(branches_[branch].exit, step, token);
  }
  [[nodiscard]] std::optional<LookAhead> look_ahead(std::size_t branch, const StepInfo& step,
                                                    std::string_view piece) override {
    if constexpr (LooksAhead<Exit>)
      return exit_->look_ahead(branches_[branch].exit, step, piece);
    else
      return std::nullopt;
  }
  [[nodiscard]] Verdict judge_ahead(std::size_t branch, const LookAheadResult& seen) override {
    if constexpr (LooksAhead<Exit>)
      return exit_->judge_ahead(branches_[branch].exit, seen);
    else
      return Verdict::go_on;  // never asked
  }
  [[nodiscard]] Injection injection(std::size_t branch) const override {
    if constexpr (Injects<Exit>)
      return exit_->injection(branches_[branch].exit);
    else
      throw Error("the exit policy returned Verdict::inject, but does not declare ExitAbility::inject");
  }

 private:
  struct States {
    typename Skip::State skip;
    typename Exit::State exit;
  };

  const Skip* skip_;
  const Exit* exit_;
  int n_layers_ = 0;
  std::vector<States> branches_;
};

// `skip` and `exit` outlive the request that takes the calls; temporaries do not compile.
template <class Skip, class Exit>
[[nodiscard]] std::unique_ptr<PolicyCalls> calls_to(const Skip& skip, const Exit& exit) {
  return std::make_unique<PolicyCallsTo<Skip, Exit>>(skip, exit);
}
template <class Skip, class Exit>
void calls_to(const Skip&&, const Exit&) = delete;
template <class Skip, class Exit>
void calls_to(const Skip&, const Exit&&) = delete;
template <class Skip, class Exit>
void calls_to(const Skip&&, const Exit&&) = delete;

// An observer of all requests of a run. This class itself observes nothing.
class ObserverCalls {
 public:
  ObserverCalls() = default;
  ObserverCalls(const ObserverCalls&) = delete;
  ObserverCalls& operator=(const ObserverCalls&) = delete;
  virtual ~ObserverCalls() = default;

  [[nodiscard]] virtual Stat stats() const { return Stat::none; }
  // Passes a complete segment's statistics on, for the sub-layers that ran.
  virtual void sublayers(int /*branch*/, const RequestInfo& /*request*/, const Segment& /*segment*/,
                         const Decisions& /*decisions*/) {}
  // Passes a kept token on.
  virtual void token(int /*branch*/, const RequestInfo& /*request*/, const StepInfo& /*step*/, int /*token*/) {}
};

// `observer` outlives the calls.
template <StepObserver Observer>
class ObserverCallsTo final : public ObserverCalls {
 public:
  explicit ObserverCallsTo(Observer& observer) : observer_(&observer) {}

  [[nodiscard]] Stat stats() const override { return Observer::stats; }
  void sublayers(int branch, const RequestInfo& request, const Segment& segment, const Decisions& decisions) override {
    if constexpr (!std::same_as<Observer, NoObserver>) {
      segment.for_each_run(decisions, [&](Sublayer u, const SublayerStats& stats) {
        observer_->sublayer(branch, request, segment.step, u, stats);
      });
    }
  }
  void token(int branch, const RequestInfo& request, const StepInfo& step, int token) override {
    observer_->token(branch, request, step, token);
  }

 private:
  Observer* observer_;
};

}  // namespace litestage
