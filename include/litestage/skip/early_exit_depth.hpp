// Skips the last layers and runs the final norm and the head as usual, like the "early exit" baseline of AdaSkip
// (ASISys/AdaSkip @4ef686d, llama_EE.py:681). The number of layers is fixed; no confidence is tested.
#pragma once

#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/layer_count.hpp"
#include "litestage/step/types.hpp"

namespace litestage::skip {

// AdaSkip skips in both phases, or only in decode in its variant for long outputs; it stores nothing in the K/V cache
// for a skipped layer, and skips 4, 6 or 8 layers.
struct EarlyExitDepth {
  static constexpr std::string_view name = "early_exit_depth";
  static constexpr std::string_view summary = "skips the last layers (the early exit of AdaSkip's comparison)";
  static constexpr Stat stats = Stat::none;

  int layers = 4;
  Phases phase = Phases::both;
  KvOnSkip kv = KvOnSkip::none;

  struct State {
    int first = 0;  // first layer that is skipped
  };
  [[nodiscard]] State begin(const RequestInfo& request) const {
    check_layer_count(name, layers, request.n_layers, request.n_layers);
    return {request.n_layers - layers};
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    if (u.layer < state.first || !covers(phase, step.phase)) return {};
    return {.skip = true, .kv = kv};
  }

  [[nodiscard]] static std::vector<Rung<EarlyExitDepth>> ladder(const RedundancyProfile& model) {
    return ladder_of_layers<EarlyExitDepth>(model);
  }

  static constexpr auto fields() {
    return Fields(Field("layers", &EarlyExitDepth::layers, "how many of the last layers are skipped", 0, 1000),
                  Field("phase", &EarlyExitDepth::phase, "the phases in which it skips"),
                  Field("kv", &EarlyExitDepth::kv, "K/V entry that is stored for a skipped attention"));
  }
  friend bool operator==(const EarlyExitDepth&, const EarlyExitDepth&) = default;
};

}  // namespace litestage::skip
