// The concepts of policies. A policy is an immutable aggregate of settings; `begin` returns the state of one request,
// so nothing leaks between requests. Checks with readable messages: policy/check.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "litestage/policy/look_ahead.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

template <class P>
concept DeclaresStats = requires {
  typename std::integral_constant<Stat, P::stats>;
};

template <class P>
concept DeclaresSignals = requires {
  typename std::integral_constant<Signal, P::signals>;
};

template <class P>
concept HasState = std::copyable<P> && std::copyable<typename P::State> && requires(const P& p, const RequestInfo& r) {
  { p.begin(r) } -> std::same_as<typename P::State>;
};

template <class P>
concept Decides = requires(const P& p, const typename P::State& state, const StepInfo& step, Sublayer u) {
  { p.decide(state, step, u) } -> std::same_as<SkipDecision>;
};

template <class P>
concept ObservesSublayers = requires(const P& p, typename P::State& state, const StepInfo& step, Sublayer u,
                                     const SublayerStats& stats) {
  { p.observe(state, step, u, stats) } -> std::same_as<void>;
};

// A stand-in for policies that read nothing. (With a plain "||", g++ 12 does not name the missing hook.)
struct ReadsNothing {
  struct State {};
  void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const {}
};
template <class P>
concept ObservesWhatItReads = ObservesSublayers<std::conditional_t<any(P::stats), P, ReadsNothing>>;
template <class P>
concept NoIdleHook = any(P::stats) || !requires {
  &P::observe;
};

// Decides whether a sub-layer runs in a step.
template <class P>
concept SkipPolicy = DeclaresStats<P> && HasState<P> && Decides<P> && ObservesWhatItReads<P> && NoIdleHook<P>;

template <class P>
concept JudgesTokens = requires(const P& p, typename P::State& state, const StepInfo& step, const TokenStats& token) {
  { p.observe(state, step, token) } -> std::same_as<Verdict>;
};

// Decides whether generation ends after a token. A policy may also look ahead and inject (policy/look_ahead.hpp).
template <class P>
concept ExitPolicy = DeclaresSignals<P> && HasState<P> && JudgesTokens<P> && HooksOfAbilities<P>;

// How confident the model was of a token. Larger means more confident.
template <class C>
concept Confidence = std::regular<C> && DeclaresSignals<C> && requires(const C& c, const TokenStats& token) {
  { c(token) } -> std::same_as<float>;
};

// Makes the prompts of stage i from the texts generated so far. Several prompts are parallel branches.
template <class S>
concept StageSchedule = std::copyable<S> && requires(const S& s, std::size_t i, const Transcript& t) {
  { s.size() } -> std::convertible_to<std::size_t>;
  { s.stage(i) } -> std::same_as<StageInfo>;
  { s.prompts(i, t) } -> std::same_as<std::vector<Prompt>>;
};

// A schedule that ends in an option letter also describes how the letter is stated.
template <class S>
concept StatesAnswer = StageSchedule<S> && requires(const S& s) {
  { s.answer_format() } -> std::same_as<AnswerFormat>;
};

// The statistics or signals that a policy reads: a constant of the type, or, for a run-time choice (OneOf), those of
// the active alternative.
template <DeclaresStats P>
[[nodiscard]] Stat stats_read(const P& p) {
  if constexpr (requires {
                  { p.active_stats() } -> std::same_as<Stat>;
                })
    return p.active_stats();
  else
    return P::stats;
}
template <DeclaresSignals P>
[[nodiscard]] Signal signals_read(const P& p) {
  if constexpr (requires {
                  { p.active_signals() } -> std::same_as<Signal>;
                })
    return p.active_signals();
  else
    return P::signals;
}

}  // namespace litestage
