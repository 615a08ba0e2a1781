// Compile-time checks with readable messages. The engine instantiates them, so a policy that does not fit fails to
// compile with a message that shows the missing signature. After one check fails, the later ones stay silent.
//
//   static_assert(CheckSkipPolicy<MyPolicy>::passed);
#pragma once

#include <concepts>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "litestage/policy/concepts.hpp"

namespace litestage {

template <class P>
concept HasStateType = requires {
  typename P::State;
};

template <class P>
struct CheckSkipPolicy {
  static constexpr bool copies = std::copyable<P>;
  static_assert(copies, "a skip policy is an immutable value: its type must be copyable and assignable");
  static constexpr bool declares = DeclaresStats<P>;
  static_assert(!copies || declares,
                "a skip policy says what it reads: static constexpr Stat stats = Stat::none; (or cosine, norm_ratio)");
  static constexpr bool named_state = HasStateType<P>;
  static_assert(!declares || named_state,
                "a skip policy keeps what it knows of a request in a nested type: struct State {};");
  static constexpr bool begins = HasState<P>;
  static_assert(!named_state || begins,
                "a skip policy starts a request, and State is copyable: State begin(const RequestInfo&) const");
  static constexpr bool decides = Decides<P>;
  static_assert(!begins || decides,
                "a skip policy decides: SkipDecision decide(const State&, const StepInfo&, Sublayer) const");
  static constexpr bool observes = ObservesWhatItReads<P>;
  static_assert(!decides || !declares || observes,
                "a skip policy that declares stats takes them: "
                "void observe(State&, const StepInfo&, Sublayer, const SublayerStats&) const");
  static constexpr bool no_idle_hook = NoIdleHook<P>;
  static_assert(!decides || !declares || no_idle_hook,
                "this skip policy's observe would never be called: it declares Stat::none; declare what it reads");
  static constexpr bool passed = SkipPolicy<P>;
};

template <class P>
struct CheckExitPolicy {
  static constexpr bool copies = std::copyable<P>;
  static_assert(copies, "an exit policy is an immutable value: its type must be copyable and assignable");
  static constexpr bool declares = DeclaresSignals<P>;
  static_assert(
      !copies || declares,
      "an exit policy says what it reads: static constexpr Signal signals = Signal::none; (or max_prob, ...)");
  static constexpr bool named_state = HasStateType<P>;
  static_assert(!declares || named_state,
                "an exit policy keeps what it knows of a branch in a nested type: struct State {};");
  static constexpr bool begins = HasState<P>;
  static_assert(!named_state || begins,
                "an exit policy starts a branch, and State is copyable: State begin(const RequestInfo&) const");
  static constexpr bool judges = JudgesTokens<P>;
  static_assert(!begins || judges,
                "an exit policy judges every token: Verdict observe(State&, const StepInfo&, const TokenStats&) const");
  static constexpr bool passed = ExitPolicy<P>;
  static_assert(!begins || !judges || passed,
                "an exit policy has the hooks of the abilities that it declares, and no others: look_ahead and "
                "judge_ahead for ExitAbility::look_ahead, injection for ExitAbility::inject (policy/look_ahead.hpp)");
};

template <class C>
struct CheckConfidence {
  static constexpr bool regular = std::regular<C>;
  static_assert(regular,
                "a confidence is a plain value: default constructible, copyable, and comparable "
                "(friend bool operator==(const C&, const C&) = default;)");
  static constexpr bool declares = DeclaresSignals<C>;
  static_assert(!regular || declares,
                "a confidence says what it reads: static constexpr Signal signals = Signal::max_prob; (or others)");
  static constexpr bool passed = Confidence<C>;
  static_assert(!declares || passed,
                "a confidence maps a token to a number, larger is surer: float operator()(const TokenStats&) const");
};

template <class S>
concept CountsStages = requires(const S& s) {
  { s.size() } -> std::convertible_to<std::size_t>;
};
template <class S>
concept NamesStages = requires(const S& s, std::size_t i) {
  { s.stage(i) } -> std::same_as<StageInfo>;
};

template <class S>
struct CheckStageSchedule {
  static constexpr bool copies = std::copyable<S>;
  static_assert(copies, "a stage schedule is an immutable value: its type must be copyable and assignable");
  static constexpr bool counts = CountsStages<S>;
  static_assert(!copies || counts, "a stage schedule counts its stages: std::size_t size() const");
  static constexpr bool names = NamesStages<S>;
  static_assert(!counts || names, "a stage schedule describes a stage: StageInfo stage(std::size_t i) const");
  static constexpr bool passed = StageSchedule<S>;
  static_assert(!names || passed,
                "a stage schedule writes prompts: std::vector<Prompt> prompts(std::size_t i, const Transcript&) const");
};

}  // namespace litestage
