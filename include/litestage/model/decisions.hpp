// Decision vectors and their numbers. Rows with equal numbers ran under the same function of the model; the K/V cache
// keeps the number with every position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/policy/types.hpp"

namespace litestage {

// What one row does in each of the 2L sub-layers. Every decision not to skip is SkipDecision{}.
using Decisions = std::vector<SkipDecision>;  // [2 * n_layers]

// Gives equal decision vectors the same small number, from 0 on.
class DecisionTable {
 public:
  [[nodiscard]] int number_of(const Decisions& decisions) {
    const std::uint64_t key = hash(decisions);
    for (auto [it, end] = by_hash_.equal_range(key); it != end; ++it) {
      if (known_[static_cast<std::size_t>(it->second)] == decisions) return it->second;
    }
    const int number = static_cast<int>(known_.size());
    known_.push_back(decisions);
    by_hash_.emplace(key, number);
    return number;
  }
  [[nodiscard]] const Decisions& operator[](int number) const { return known_.at(static_cast<std::size_t>(number)); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
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
