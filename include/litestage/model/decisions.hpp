// Decision vectors and their numbers. Rows with equal numbers ran under the same function of the model; the K/V cache
// keeps the number with every position.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// What one row does in each of the 2L sub-layers. Every decision not to skip is SkipDecision{}.
using Decisions = std::vector<SkipDecision>;  // [2 * n_layers]

// Gives equal decision vectors the same small number, from 0 on. Throws Error where a scale is not finite: NaN equals
// nothing, itself included, so that the table would grow with every step.
class DecisionTable {
 public:
  [[nodiscard]] int number_of(const Decisions& decisions) {
    const std::uint64_t key = hash(decisions);
    for (auto [it, end] = by_hash_.equal_range(key); it != end; ++it) {
      if (known_[static_cast<std::size_t>(it->second)] == decisions) return it->second;
    }
    check(decisions);
    const int number = static_cast<int>(known_.size());
    known_.push_back(decisions);
    by_hash_.emplace(key, number);
    return number;
  }
  [[nodiscard]] const Decisions& operator[](int number) const { return known_.at(static_cast<std::size_t>(number)); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  static void check(const Decisions& decisions) {
    for (std::size_t u = 0; u < decisions.size(); ++u) {
      if (std::isfinite(decisions[u].scale)) continue;
      const Sublayer at = Sublayer::at(static_cast<int>(u));
      throw Error(concat("the skip policy's scale for the ", at.unit == Unit::mlp ? "MLP" : "attention", " of layer ",
                         at.layer, " is ", decisions[u].scale, ", accepted are finite numbers"));
    }
  }
  [[nodiscard]] static std::uint64_t hash(const Decisions& decisions) {  // FNV-1a over the members
    std::uint64_t h = 0xcbf29ce484222325u;
    for (const SkipDecision& d : decisions) {
      std::uint32_t scale = 0;
      std::memcpy(&scale, &d.scale, sizeof scale);
      h = (h ^ (d.skip ? 1u : 0u) ^ (static_cast<std::uint64_t>(d.kv) << 8)) * 0x100000001b3u;
      h = (h ^ scale) * 0x100000001b3u;
    }
    return h;
  }

  std::deque<Decisions> known_;  // references stay valid
  std::unordered_multimap<std::uint64_t, int> by_hash_;
};

}  // namespace litestage
