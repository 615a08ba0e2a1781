// ShortGPT (arXiv 2403.03853): removes whole layers, those with the lowest block influence first. The influence of a
// layer is 1 - mean cos(its input, its output). The paper removes layers permanently, offline; here they are skipped at
// run time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/skip/layer_count.hpp"
#include "litestage/step/types.hpp"

namespace litestage::skip {

struct ShortGPT {
  static constexpr std::string_view name = "short_gpt";
  static constexpr std::string_view summary = "skips the layers with the lowest block influence (ShortGPT)";
  static constexpr Stat stats = Stat::none;

  int layers = 4;
  std::vector<float> influence = {};  // [n_layers] measured on calibration questions; lower is skipped first
  Phases phase = Phases::both;        // a removed layer runs in neither phase
  KvOnSkip kv = KvOnSkip::none;

  struct State {
    std::vector<std::uint8_t> skipped;  // [n_layers]
  };
  [[nodiscard]] State begin(const RequestInfo& request) const {
    State state{std::vector<std::uint8_t>(request.n_layers, 0)};
    for (const int l : skipped_layers(request.n_layers)) state.skipped[l] = 1;
    return state;
  }
  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    if (state.skipped[u.layer] == 0 || !covers(phase, step.phase)) return {};
    return {.skip = true, .kv = kv};
  }

  // Layers in the order in which they are skipped. For equal influences the upper layer comes first: our choice,
  // because the paper's lists begin with upper layers.
  [[nodiscard]] std::vector<int> skipped_layers(int n_layers) const {
    if (std::ssize(influence) != n_layers) {
      throw Error(concat("skip policy short_gpt, influence: found ", influence.size(), " values, expected ", n_layers,
                         ", one to each layer of this model (the program calibrate measures them)"));
    }
    check_layer_count(name, layers, n_layers, n_layers);
    std::vector<int> order(influence.size());
    std::iota(order.rbegin(), order.rend(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return influence[a] < influence[b]; });
    order.resize(layers);
    return order;
  }

  [[nodiscard]] static std::vector<Rung<ShortGPT>> ladder(const RedundancyProfile& model) {
    ShortGPT policy;
    policy.influence = model.influence;
    return ladder_of_layers(model, std::move(policy));
  }

  static constexpr auto fields() {
    return Fields(Field("layers", &ShortGPT::layers, "how many layers are skipped", 0, 1000),
                  Field("influence", &ShortGPT::influence, "block influence of every layer, measured by calibrate"),
                  Field("phase", &ShortGPT::phase, "the phases in which it skips"),
                  Field("kv", &ShortGPT::kv, "K/V entry that is stored for a skipped attention"));
  }
  friend bool operator==(const ShortGPT&, const ShortGPT&) = default;
};

}  // namespace litestage::skip
