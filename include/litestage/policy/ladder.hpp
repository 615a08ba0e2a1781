// A ladder is a list of settings of one skip policy, in the order of increasing skipping. A policy of skip::Standard
// that declares a ladder is a baseline: `calibrate` searches how much it can skip, and `compare` shows it beside the
// plan.
#pragma once

#include <concepts>
#include <initializer_list>
#include <vector>

namespace litestage {

// Measurements of one full-depth pass, averaged over all stages. Baselines derive their rankings from them.
struct RedundancyProfile {
  int n_layers = 0;
  std::vector<float> similarity = {};  // [2 * n_layers] a0 m0 a1 m1 ...: mean cosine of the stream before and after
  std::vector<float> norm_ratio = {};  // [2 * n_layers] likewise: mean |after| / |before|
  std::vector<float> influence = {};   // [n_layers] 1 - mean cosine of the stream before and after a whole layer
};

// One setting of the ladder; `skipped` is the largest number of sub-layers that it skips in any step.
template <class P>
struct Rung {
  P policy;
  int skipped = 0;
};

// Rungs are ordered by how much they skip, ascending. Full depth is not a rung.
template <class P>
concept HasLadder = requires(const RedundancyProfile& model) {
  { P::ladder(model) } -> std::same_as<std::vector<Rung<P>>>;
};

// The ladder of a policy that skips `layers` whole layers, from 1 to n_layers - 1.
template <class P>
[[nodiscard]] std::vector<Rung<P>> ladder_of_layers(const RedundancyProfile& model, P policy = {}) {
  std::vector<Rung<P>> rungs;
  for (int n = 1; n < model.n_layers; ++n) {
    policy.layers = n;
    rungs.push_back({policy, 2 * n});
  }
  return rungs;
}

// An exit policy that a search can tune: its ladder has the settings to try, in the order of exiting more. They differ
// in one number; everything else is as in the policy.
template <class P>
concept HasExitLadder = requires(const P& p) {
  { p.ladder() } -> std::same_as<std::vector<P>>;
};

// Copies of the policy with each of these values in one member.
template <class P, class T, class V>
[[nodiscard]] std::vector<P> with_each(const P& policy, V T::*member, std::initializer_list<V> values) {
  std::vector<P> all;
  for (const V& value : values) {
    all.push_back(policy);
    all.back().*member = value;
  }
  return all;
}

}  // namespace litestage
