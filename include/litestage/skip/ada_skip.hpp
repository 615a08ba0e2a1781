// AdaSkip (arXiv 2501.02336, ASISys/AdaSkip @4ef686d): skips the sub-layers whose output is most similar to their
// input, and scales the residual stream by the mean norm ratio in their place. Line numbers below refer to
// E2E/model/llama_ADA.py.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"
#include "litestage/policy/ladder.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// How decoding adds MLPs to the sub-layers that were chosen offline, by statistics of the request itself.
enum class OnlineSkip : std::uint8_t {
  off,
  // As described in the paper: means are taken over the first 20 decode steps. From then on each MLP is skipped whose
  // mean cosine is at least that of the least similar sub-layer chosen offline, and it is scaled by its mean ratio in
  // these steps (:751-753, :1076-1083).
  intended,
  // As in the released code: the threshold is reset to 1 at every prefill (:1049) and set only during warm-up
  // (:1055-1065), so almost no MLP is ever added. (In the released code the list of added MLPs also outlives its
  // request; here it does not.)
  as_released
};

template <>
struct EnumNames<OnlineSkip> {
  static constexpr std::array<std::string_view, 3> names = {"off", "intended", "as_released"};
};

}  // namespace litestage

namespace litestage::skip {

// The released code learns `similarity` and `ratio` from the first 20 requests of a run, which skip nothing (:746-749).
// Here they are settings, fixed by a calibration pass, so that no result depends on the order of requests. Published
// variants: Prefill/ is phase=both, E2E/ is phase=both with online, Decode/ is phase=decode with online. The released
// code never skips the attention of layer 0, because it reads a cache length there; this is not needed here.
struct AdaSkip {
  static constexpr std::string_view name = "ada_skip";
  static constexpr std::string_view summary = "skips the most similar sub-layers, scaled by their norm ratio (AdaSkip)";
  static constexpr Stat stats = Stat::cosine | Stat::norm_ratio;
  static constexpr int online_steps = 20;

  int count = 8;                       // number of sub-layers; the authors use 8, 12 and 16
  std::vector<float> similarity = {};  // [2 * n_layers] a0 m0 a1 m1 ...: mean cosine of the stream before and after
  std::vector<float> ratio = {};       // [2 * n_layers] likewise: mean |after| / |before|
  Phases phase = Phases::both;
  OnlineSkip online = OnlineSkip::off;

  struct MlpSums {  // of one MLP, over the first decode steps
    double cosines = 0, ratios = 0;
    int steps = 0;
  };
  struct State {
    std::vector<std::uint8_t> skipped;  // [2 * n_layers], by Sublayer::index()
    std::vector<MlpSums> mlps;          // [n_layers], or empty if not online
    double bar = 1;                     // threshold: an MLP is added if its mean cosine is at least this
  };

  [[nodiscard]] Stat active_stats() const { return online == OnlineSkip::off ? Stat::none : stats; }

  [[nodiscard]] State begin(const RequestInfo& request) const {
    const std::vector<int> chosen = skipped_sublayers(request.n_layers);
    State state;
    state.skipped.resize(similarity.size());
    for (const int index : chosen) state.skipped[index] = 1;
    if (online == OnlineSkip::off) return state;
    state.mlps.resize(request.n_layers);
    if (online == OnlineSkip::intended) {  // with a count of 0 no sub-layer was chosen offline, and none is added
      state.bar = chosen.empty() ? std::numeric_limits<double>::infinity() : similarity[chosen.back()];
    }
    return state;
  }

  [[nodiscard]] SkipDecision decide(const State& state, const StepInfo& step, Sublayer u) const {
    const std::size_t index = u.index();
    if (!covers(phase, step.phase)) return {};
    if (state.skipped[index] != 0) return {.skip = true, .scale = ratio[index]};
    if (state.mlps.empty() || u.unit == Unit::attention || step.phase == Phase::prefill) return {};
    const MlpSums& sums = state.mlps[u.layer];
    if (sums.steps < online_steps || !(sums.cosines / online_steps >= state.bar)) return {};
    return {.skip = true, .scale = static_cast<float>(sums.ratios / online_steps)};
  }

  void observe(State& state, const StepInfo& step, Sublayer u, const SublayerStats& m) const {
    if (state.mlps.empty() || u.unit == Unit::attention || step.phase == Phase::prefill) return;
    MlpSums& sums = state.mlps[u.layer];
    if (sums.steps == online_steps) return;
    sums.cosines += m.cosine;
    sums.ratios += m.norm_ratio;
    ++sums.steps;
  }

  // Sublayer::index() of the sub-layers chosen offline, most similar first. The released code lists all attentions
  // before all MLPs and sorts stably (:876-880, :1055-1061), so ties go to attention, then to the lower layer.
  [[nodiscard]] std::vector<int> skipped_sublayers(int n_layers) const {
    check_sizes(n_layers);
    std::vector<int> order;
    for (int u = 0; u < 2 * n_layers; u += 2) order.push_back(u);
    for (int u = 1; u < 2 * n_layers; u += 2) order.push_back(u);
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return similarity[a] > similarity[b]; });
    order.resize(count);
    return order;
  }

  // The ladder omits the online part: the released code never reaches it (OnlineSkip::as_released), and it would need
  // statistics in every step.
  [[nodiscard]] static std::vector<Rung<AdaSkip>> ladder(const RedundancyProfile& model) {
    AdaSkip policy;
    policy.similarity = model.similarity;
    policy.ratio = model.norm_ratio;
    std::vector<Rung<AdaSkip>> rungs;
    for (policy.count = 1; policy.count < 2 * model.n_layers; ++policy.count) rungs.push_back({policy, policy.count});
    return rungs;
  }

  static constexpr auto fields() {
    return Fields(
        Field("count", &AdaSkip::count, "how many sub-layers are skipped", 0, 2000),
        Field("similarity", &AdaSkip::similarity,
              "mean cosine of the stream before and after a0, m0, a1, m1, ..., measured by calibrate"),
        Field("ratio", &AdaSkip::ratio, "factor of the residual stream where a0, m0, a1, m1, ... is skipped", 0, 100),
        Field("phase", &AdaSkip::phase, "the phases in which it skips"),
        Field("online", &AdaSkip::online,
              "whether more MLPs are skipped after 20 decode steps, by statistics of the request"));
  }
  friend bool operator==(const AdaSkip&, const AdaSkip&) = default;

 private:
  void check_sizes(int n_layers) const {
    const std::size_t expected = 2 * n_layers;
    const bool similarities = similarity.size() == expected;
    if (!similarities || ratio.size() != expected) {
      throw Error(concat("skip policy ada_skip, ", similarities ? "ratio" : "similarity", ": found ",
                         similarities ? ratio.size() : similarity.size(), " values, expected ", expected,
                         ", one to each sub-layer of this model (the program calibrate measures them)"));
    }
    if (count < 0 || count > 2 * n_layers) {
      throw Error(concat("skip policy ada_skip, count: found ", count, ", expected 0 to ", expected,
                         " of this model's sub-layers"));
    }
  }
};

}  // namespace litestage::skip
