// The methods that LiteStage is compared with, each as a ladder of settings that skip more and more; what they learn is
// taken from the same importance pass.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/importance/importance.hpp"
#include "litestage/skip/standard.hpp"

namespace litestage::calibrate {

// One setting skips `skipped` of a model's sub-layers where it skips most.
struct BaselineSetting {
  skip::Standard policy;
  int skipped = 0;
};
struct Baseline {
  std::string name;
  std::vector<BaselineSetting> settings;  // ascending by what they skip; the first skips nothing
};

namespace detail {

template <class Make>
[[nodiscard]] Baseline layer_ladder(std::string name, int most_layers, Make make) {
  Baseline b{std::move(name), {{}}};
  for (int s = 1; s <= most_layers; ++s) {
    const BaselineSetting setting{make(s), 2 * s};  // moving it, GCC 12 would warn of members it does not have
    b.settings.push_back(setting);
  }
  return b;
}

}  // namespace detail

// All as AdaSkip's comparison runs them end to end (both phases), but Unified with exactly so many layers: as released
// there, several settings skip the same layers and those beyond half of them none. AdaSkip without its online part,
// which the released code never reaches (method as_released) and which would need statistics in every step.
[[nodiscard]] inline std::vector<Baseline> baselines(const Importance& importance) {
  const int layers = importance.n_layers();
  std::vector<Baseline> all;
  all.push_back(detail::layer_ladder("early_exit_depth", layers - 1, [](int s) { return skip::EarlyExitDepth{s}; }));
  all.push_back(detail::layer_ladder("unified", layers - 1, [](int s) { return skip::Unified{s}; }));
  all.push_back(detail::layer_ladder("skip_decode", layers - 1, [](int s) { return skip::SkipDecode{s}; }));
  Baseline ada{"ada_skip", {{}}};
  for (int n = 1; n < 2 * layers; ++n) {
    skip::AdaSkip policy;
    policy.count = n;
    policy.similarity = ada_skip_similarity(importance);
    policy.ratio = ada_skip_ratio(importance);
    const BaselineSetting setting{std::move(policy), n};
    ada.settings.push_back(setting);
  }
  all.push_back(std::move(ada));
  all.push_back(detail::layer_ladder("short_gpt", layers - 1, [&](int s) {
    skip::ShortGPT policy;
    policy.layers = s;
    policy.influence = short_gpt_influence(importance);
    return policy;
  }));
  return all;
}

}  // namespace litestage::calibrate
