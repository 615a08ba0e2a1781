// Stops when either of two policies stops. Both see every token, including the one at which the other stops. If both
// stop at the same token, dropping it takes precedence, and stopping takes precedence over injecting. If both want to
// look ahead after the same token, only the first part does.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/policy/concepts.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::early_exit {

template <ExitPolicy A, ExitPolicy B>
struct Any {
  static constexpr std::string_view name = "any";
  static constexpr std::string_view summary = "stops when either of two policies stops";
  static constexpr Signal signals = A::signals | B::signals;

  A first = {};
  B second = {};

  static constexpr ExitAbility abilities = abilities_of<A>() | abilities_of<B>();

  enum class Part : std::uint8_t { first, second };
  struct State {
    typename A::State first;
    typename B::State second;
    Part looks = Part::first;    // the part whose look-ahead is read
    Part injects = Part::first;  // the part that said `inject`
  };

  [[nodiscard]] Signal active_signals() const { return signals_read(first) | signals_read(second); }
  [[nodiscard]] State begin(const RequestInfo& request) const {
    return {.first = first.begin(request), .second = second.begin(request)};
  }
  [[nodiscard]] Verdict observe(State& state, const StepInfo& step, const TokenStats& token) const {
    const Verdict a = first.observe(state.first, step, token);
    const Verdict b = second.observe(state.second, step, token);
    static_assert(Verdict::go_on < Verdict::inject && Verdict::inject < Verdict::stop_keep &&
                  Verdict::stop_keep < Verdict::stop_drop);
    state.injects = a == Verdict::inject ? Part::first : Part::second;
    return std::max(a, b);
  }

  [[nodiscard]] std::optional<LookAhead> look_ahead(State& state, const StepInfo& step, std::string_view piece) const
      requires(LooksAhead<A> || LooksAhead<B>) {
    std::optional<LookAhead> a, b;
    if constexpr (LooksAhead<A>) a = first.look_ahead(state.first, step, piece);
    if constexpr (LooksAhead<B>) b = second.look_ahead(state.second, step, piece);
    state.looks = a ? Part::first : Part::second;
    return a ? a : b;
  }
  [[nodiscard]] Verdict judge_ahead(State& state, const LookAheadResult& seen) const
      requires(LooksAhead<A> || LooksAhead<B>) {
    state.injects = state.looks;
    if constexpr (LooksAhead<A>) {
      if (state.looks == Part::first) return first.judge_ahead(state.first, seen);
    }
    if constexpr (LooksAhead<B>) {
      if (state.looks == Part::second) return second.judge_ahead(state.second, seen);
    }
    return Verdict::go_on;
  }
  [[nodiscard]] Injection injection(const State& state) const requires(Injects<A> || Injects<B>) {
    if constexpr (Injects<A>) {
      if (state.injects == Part::first) return first.injection(state.first);
    }
    if constexpr (Injects<B>) {
      if (state.injects == Part::second) return second.injection(state.second);
    }
    return {};
  }

  // The stages that either part names; used by check_stages().
  [[nodiscard]] std::vector<std::string> stages_named() const {
    std::vector<std::string> names;
    const auto add = [&names](const auto& part) {
      if constexpr (requires { part.stages_named(); }) {
        for (std::string& stage : part.stages_named()) names.push_back(std::move(stage));
      }
    };
    add(first);
    add(second);
    return names;
  }

  static constexpr auto fields() {
    return Fields(Field("first", &Any::first, "the first policy"), Field("second", &Any::second, "the second policy"));
  }
  friend bool operator==(const Any&, const Any&) = default;
};

}  // namespace litestage::early_exit
