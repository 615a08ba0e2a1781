// Numbers decision vectors.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

LITESTAGE_INLINE int DecisionTable::number_of(const Decisions& decisions) {
  const std::uint64_t key = hash(decisions);
  for (auto [it, end] = by_hash_.equal_range(key); it != end; ++it) {
    if (known_[it->second] == decisions) return it->second;
  }
  check(decisions);
  const int number = static_cast<int>(known_.size());
  known_.push_back(decisions);
  by_hash_.emplace(key, number);
  return number;
}

LITESTAGE_INLINE void DecisionTable::check(const Decisions& decisions) {
  for (int u = 0; u < std::ssize(decisions); ++u) {
    if (std::isfinite(decisions[u].scale)) continue;
    const Sublayer at = Sublayer::at(u);
    throw Error(concat("the skip policy's scale for the ", at.unit == Unit::mlp ? "MLP" : "attention", " of layer ",
                       at.layer, " is ", decisions[u].scale, ", expected finite numbers"));
  }
}

LITESTAGE_INLINE std::uint64_t DecisionTable::hash(
    const Decisions& decisions) {  // the mixing of FNV-1a, a member at a time
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const SkipDecision& d : decisions) {
    std::uint32_t scale = 0;
    std::memcpy(&scale, &d.scale, sizeof scale);
    h = (h ^ (d.skip ? 1u : 0u) ^ (static_cast<std::uint64_t>(d.kv) << 8)) * 0x100000001b3u;
    h = (h ^ scale) * 0x100000001b3u;
  }
  return h;
}

}  // namespace litestage
