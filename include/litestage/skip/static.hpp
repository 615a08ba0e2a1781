// Skips a fixed set of sub-layers per stage: the result of a budget search, or a set chosen by hand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/policy/sublayer_set.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::skip {

// Stages are found by name; a stage without its own entry uses `every_stage`, if present. The policy does not know the
// schedule; policy/check_stages.hpp reports a name that no stage has. SPEC and JSON cannot express stages called name,
// phase, kv or scale.
struct Static {
  static constexpr std::string_view name = "static";
  static constexpr std::string_view summary = "skips a fixed set of sub-layers in each stage";
  static constexpr Stat stats = Stat::none;
  static constexpr std::string_view every_stage = "all";

  std::map<std::string, SublayerSet> stages;  // stage name -> sub-layers that it skips
  Phases phase = Phases::both;                // the paper does not say; both is AdaSkip's end-to-end mode
  KvOnSkip kv = KvOnSkip::none;
  float scale = 1;  // no compensation: LiteStage's figure shows none

  struct State {
    std::vector<std::uint8_t> skipped;  // [2 * n_layers], by Sublayer::index()
  };

  [[nodiscard]] State begin(const RequestInfo& request) const {
    check_layers(request.n_layers);
    State state{std::vector<std::uint8_t>(2 * request.n_layers, 0)};
    auto found = stages.find(std::string(request.stage_name));
    if (found == stages.end()) found = stages.find(std::string(every_stage));
    if (found != stages.end()) {
      for (const int index : found->second.indices()) state.skipped[index] = 1;
    }
    return state;
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    if (state.skipped[u.index()] == 0 || !covers(phase, step.phase)) return {};
    return {.skip = true, .scale = scale, .kv = kv};
  }

  // Stage names that the schedule must contain.
  [[nodiscard]] std::vector<std::string> stages_named() const {
    std::vector<std::string> names;
    for (const auto& entry : stages) {
      if (entry.first != every_stage) names.push_back(entry.first);
    }
    return names;
  }

  static constexpr auto fields() {
    return Fields(
        OpenField("STAGE", &Static::stages,
                  "sub-layers that the stage with this name skips (all: every stage not named)"),
        Field("phase", &Static::phase, "the phases in which it skips"),
        Field("kv", &Static::kv, "K/V entry that is stored for a skipped attention"),
        Field("scale", &Static::scale, "factor of the residual stream in place of a skipped sub-layer", 0, 100));
  }
  friend bool operator==(const Static&, const Static&) = default;

 private:
  // Checks the sets of all stages, so that a wrong set is reported before the first stage runs.
  void check_layers(int n_layers) const {
    for (const auto& [stage, set] : stages) {
      if (set.empty() || set.indices().back() < 2 * n_layers) continue;
      throw Error(concat("skip policy static, ", stage, ": found ", sublayer_name(Sublayer::at(set.indices().back())),
                         ", expected a0 to m", n_layers - 1, " of this model's ", n_layers, " layers"));
    }
  }
};

}  // namespace litestage::skip
