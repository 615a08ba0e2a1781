// An exit policy chosen at run time, read from --exit SPEC. (early_exit::Any stops when either of two policies stops.)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/policy/concepts.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/policy/look_ahead.hpp"
#include "litestage/settings/choice.hpp"

namespace litestage::early_exit {

template <ExitPolicy... Ps>
struct OneOf : Choice<Ps...> {
  using Choice<Ps...>::Choice;
  OneOf(Choice<Ps...> choice) : Choice<Ps...>(std::move(choice)) {}

  static constexpr Signal signals = (Ps::signals | ...);
  [[nodiscard]] Signal active_signals() const {
    return this->visit([](const auto& p) { return signals_read(p); });
  }

  using State = std::variant<typename Ps::State...>;
  [[nodiscard]] State begin(const RequestInfo& request) const {
    return this->template make_part<State>([&](const auto& p) { return p.begin(request); });
  }
  [[nodiscard]] Verdict observe(State& state, const StepInfo& step, const TokenStats& token) const {
    return this->visit(state, [&](const auto& p, auto& own) { return p.observe(own, step, token); });
  }

  static constexpr ExitAbility abilities = (abilities_of<Ps>() | ...);
  [[nodiscard]] std::optional<LookAhead> look_ahead(State& state, const StepInfo& step, std::string_view piece) const
      requires(LooksAhead<Ps> || ...) {
    return this->visit(state, [&]<class P>(const P& p, auto& own) -> std::optional<LookAhead> {
      if constexpr (LooksAhead<P>) return p.look_ahead(own, step, piece);
      return std::nullopt;
    });
  }
  [[nodiscard]] Verdict judge_ahead(State& state, const LookAheadResult& seen) const requires(LooksAhead<Ps> || ...) {
    return this->visit(state, [&]<class P>(const P& p, auto& own) {
      if constexpr (LooksAhead<P>) return p.judge_ahead(own, seen);
      return Verdict::go_on;
    });
  }
  [[nodiscard]] Injection injection(const State& state) const requires(Injects<Ps> || ...) {
    return this->visit(state, [&]<class P>(const P& p, const auto& own) {
      if constexpr (Injects<P>) return p.injection(own);
      return Injection{};
    });
  }

  // The ladder of the active policy; empty if it has none.
  [[nodiscard]] std::vector<OneOf> ladder() const {
    return this->visit([]<class P>(const P& p) {
      std::vector<OneOf> all;
      if constexpr (HasExitLadder<P>) {
        for (const P& rung : p.ladder()) all.push_back(OneOf(rung));
      }
      return all;
    });
  }

  // The stages that the active policy names; used by check_stages().
  [[nodiscard]] std::vector<std::string> stages_named() const {
    return this->visit([](const auto& p) -> std::vector<std::string> {
      if constexpr (requires { p.stages_named(); })
        return p.stages_named();
      else
        return {};
    });
  }
};

}  // namespace litestage::early_exit
