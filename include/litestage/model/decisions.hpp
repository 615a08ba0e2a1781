// Decision vectors and their numbers. Rows with equal numbers were computed by the same function of the model; the K/V
// cache stores the number with every position.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <span>
#include <unordered_map>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/step/types.hpp"

namespace litestage {

// The decisions of one row for the 2L sub-layers. Every sub-layer that runs has the value SkipDecision{}.
using Decisions = std::vector<SkipDecision>;  // [2 * n_layers]

// Assigns a small number, from 0 on, to each distinct decision vector. Throws Error if a scale is not finite: NaN does
// not equal itself, so the table would grow with every step.
class DecisionTable {
 public:
  [[nodiscard]] int number_of(const Decisions& decisions);
  [[nodiscard]] const Decisions& operator[](int number) const { return known_.at(number); }
  [[nodiscard]] std::size_t size() const { return known_.size(); }

 private:
  static void check(const Decisions& decisions);
  [[nodiscard]] static std::uint64_t hash(const Decisions& decisions);

  std::deque<Decisions> known_;  // references stay valid
  std::unordered_multimap<std::uint64_t, int> by_hash_;
};

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/definitions/decisions.hpp"
#endif
