// A skip policy chosen at run time, read from --skip SPEC. Example: skip::OneOf<Never, Static>.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/policy/concepts.hpp"
#include "litestage/settings/choice.hpp"

namespace litestage::skip {

template <SkipPolicy... Ps>
struct OneOf : Choice<Ps...> {
  using Choice<Ps...>::Choice;
  OneOf(Choice<Ps...> choice) : Choice<Ps...>(std::move(choice)) {}

  static constexpr Stat stats = (Ps::stats | ...);
  [[nodiscard]] Stat active_stats() const {
    return this->visit([](const auto& p) { return stats_read(p); });
  }

  using State = std::variant<typename Ps::State...>;
  [[nodiscard]] State begin(const RequestInfo& request) const {
    return this->template make_part<State>([&](const auto& p) { return p.begin(request); });
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    return this->visit(state, [&](const auto& p, const auto& own) { return p.decide(own, step, u); });
  }
  void observe(State& state, const StepInfo& step, Sublayer u, const SublayerStats& m) const requires(any(stats)) {
    this->visit(state, [&]<class P>(const P& p, auto& own) {
      if constexpr (any(P::stats)) p.observe(own, step, u, m);
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

}  // namespace litestage::skip
