// The decisions of a skip policy in each stage, and their spelling: policies with equal spelling decide equally.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/policy/any_schedule.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/settings/expected.hpp"

namespace litestage::calibrate {

// The decisions of a policy in each stage, if they depend on the phase alone.
struct StageDecisions {
  Decisions prefill, decode;
  friend bool operator==(const StageDecisions&, const StageDecisions&) = default;
};

// Spells decisions as "3f00/3f00": the skipped sub-layers of prefill and decode, four per hexadecimal digit, the lowest
// first, followed by all other properties of the decisions.
[[nodiscard]] inline std::string spelling(const Decisions& decisions) {
  std::string digits, rest;
  for (std::size_t u = 0; u < decisions.size(); u += 4) {
    unsigned bits = 0;
    for (std::size_t k = u; k < std::min(u + 4, decisions.size()); ++k)
      bits |= (decisions[k].skip ? 8u : 0u) >> (k - u);
    digits += "0123456789abcdef"[bits];
  }
  for (std::size_t u = 0; u < decisions.size(); ++u) {
    const SkipDecision& d = decisions[u];
    if (d.scale != 1) rest += concat(",", u, "*", number_text(d.scale));
    if (d.kv != KvOnSkip::none) rest += concat(",", u, ":", static_cast<int>(d.kv));
  }
  return digits + rest;
}
[[nodiscard]] inline std::string spelling(const StageDecisions& d) {
  return concat(spelling(d.prefill), "/", spelling(d.decode));
}

template <class Skip>
[[nodiscard]] std::vector<StageDecisions> stage_decisions(const Skip& skip, const AnySchedule& stages, int n_layers) {
  std::vector<StageDecisions> all;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageInfo stage = stages.stage(i);
    const auto state = skip.begin({n_layers, static_cast<int>(i), stage.name, stage.max_new_tokens});
    all.push_back({decide_all(skip, state, {Phase::prefill, 0}, n_layers),
                   decide_all(skip, state, {Phase::decode, 0}, n_layers)});
  }
  return all;
}

// Whether the decisions of a stage depend on the phase alone, so that `stage_decisions` describes them completely.
template <class Skip>
[[nodiscard]] bool decides_by_phase(const Skip& skip, const AnySchedule& stages, int n_layers) {
  if (any(stats_read(skip))) return false;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageInfo stage = stages.stage(i);
    const auto state = skip.begin({n_layers, static_cast<int>(i), stage.name, stage.max_new_tokens});
    const Decisions first = decide_all(skip, state, {Phase::decode, 0}, n_layers);
    for (int t = 1; t < stage.max_new_tokens; ++t) {
      if (decide_all(skip, state, {Phase::decode, t}, n_layers) != first) return false;
    }
  }
  return true;
}

}  // namespace litestage::calibrate
