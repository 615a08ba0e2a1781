// Stops when either of two policies stops. Both see every token, including the one at which the other stops. If both
// stop at the same token, dropping it takes precedence.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "litestage/policy/concepts.hpp"
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

  struct State {
    typename A::State first;
    typename B::State second;
  };

  [[nodiscard]] Signal active_signals() const { return signals_read(first) | signals_read(second); }
  [[nodiscard]] State begin(const RequestInfo& request) const { return {first.begin(request), second.begin(request)}; }
  [[nodiscard]] Verdict observe(State& state, const StepInfo& step, const TokenStats& token) const {
    const Verdict a = first.observe(state.first, step, token);
    const Verdict b = second.observe(state.second, step, token);
    static_assert(Verdict::go_on < Verdict::stop_keep && Verdict::stop_keep < Verdict::stop_drop);
    return std::max(a, b);
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
    return std::tuple(Field("first", &Any::first, "the first policy"),
                      Field("second", &Any::second, "the second policy"));
  }
  friend bool operator==(const Any&, const Any&) = default;
};

}  // namespace litestage::early_exit
