// A skip policy as a ladder: settings that skip more and more of a model. A policy of skip::Standard that declares a
// ladder is a baseline: `calibrate` searches how far it can go, and `compare` shows it beside the plan.
#pragma once

#include <concepts>
#include <vector>

namespace litestage {

// What one pass at full depth measured of a model, means over all stages: what baselines learn from.
struct RedundancyProfile {
  int n_layers = 0;
  std::vector<float> similarity = {};  // [2 * n_layers] a0 m0 a1 m1 ...: mean cosine of the stream before and after
  std::vector<float> norm_ratio = {};  // [2 * n_layers] likewise: mean |after| / |before|
  std::vector<float> influence = {};   // [n_layers] 1 - mean cosine of the stream before and after a whole layer
};

// One setting; it skips `skipped` sub-layers where it skips most.
template <class P>
struct Rung {
  P policy;
  int skipped = 0;
};

// The rungs ascend by what they skip. Full depth is not among them.
template <class P>
concept HasLadder = requires(const RedundancyProfile& model) {
  { P::ladder(model) } -> std::same_as<std::vector<Rung<P>>>;
};

// The ladder of a policy that skips `layers` whole layers: 1 to all but one of the model's.
template <class P>
[[nodiscard]] std::vector<Rung<P>> ladder_of_layers(const RedundancyProfile& model, P policy = {}) {
  std::vector<Rung<P>> rungs;
  for (int n = 1; n < model.n_layers; ++n) {
    policy.layers = n;
    rungs.push_back({policy, 2 * n});
  }
  return rungs;
}

}  // namespace litestage
