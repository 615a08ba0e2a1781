// Chooses the windows and thresholds of LiteStage's early exit that the search tries, from the confidences of stages
// generated to their end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "litestage/confidence/standard.hpp"
#include "litestage/core/error.hpp"
#include "litestage/early_exit/low_confidence.hpp"
#include "litestage/early_exit/standard.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/policy/ladder.hpp"

namespace litestage::calibrate {

using LowConfidence = early_exit::LowConfidence<confidence::Standard>;

// The names of the exit policies that a search can tune.
[[nodiscard]] inline std::vector<std::string> tunable_exits() {
  std::vector<std::string> names = {std::string(LowConfidence::name)};
  const auto add = [&]<class P>(std::type_identity<P>) {
    if constexpr (HasExitLadder<P>) names.emplace_back(P::name);
  };
  [&]<class... Ps>(std::type_identity<std::variant<Ps...>>) {
    (add(std::type_identity<Ps>{}), ...);
  }(std::type_identity<early_exit::Standard::Alternatives>{});
  return names;
}

// Throws Error if the policy is not one that a search can tune.
inline void check_tunable(const early_exit::Standard& exit) {
  if (std::holds_alternative<LowConfidence>(exit.active()) || !exit.ladder().empty()) return;
  throw Error(
      concat("the early exit ", exit.active_name(), " has no settings to try, expected ", joined(tunable_exits())));
}

struct ExitGrid {
  std::vector<int> windows = {4, 8, 16};
  int thresholds = 8;  // number per window
};

// The lowest mean of `window` consecutive confidences: the early exit cuts the branch if the threshold is at least this
// mean. +inf if the branch is shorter than the window.
[[nodiscard]] inline float lowest_mean(std::span<const float> trace, int window) {
  const std::size_t size = window;
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i + size <= trace.size(); ++i) {
    double sum = 0;
    for (std::size_t k = i; k < i + size; ++k) sum += trace[k];
    lowest = std::min(lowest, sum / window);
  }
  return static_cast<float>(lowest);
}

// Candidate thresholds at even steps of the share of branches that they cut, from the smallest share to one half of the
// branches that reach the window: a threshold that cuts more often ends texts that have not degenerated. The grid is
// our choice; the paper's window and threshold could not be read.
[[nodiscard]] inline std::vector<LowConfidence> exit_candidates(std::span<const StageReport* const> stages,
                                                                const confidence::Standard& criterion,
                                                                const ExitGrid& grid) {
  std::vector<LowConfidence> candidates;
  for (const int window : grid.windows) {
    std::vector<float> lows;
    for (const StageReport* stage : stages) {
      for (const BranchReport& b : stage->branches) {
        if (std::ssize(b.trace) >= window) lows.push_back(lowest_mean(b.trace, window));
      }
    }
    std::sort(lows.begin(), lows.end());
    float last = -std::numeric_limits<float>::infinity();
    for (int i = 0; i < grid.thresholds && !lows.empty(); ++i) {
      const float threshold = lows[lows.size() * i / grid.thresholds / 2];
      if (!(threshold > last)) continue;
      last = threshold;
      candidates.push_back({criterion, window, threshold, WarmUp::full});
    }
  }
  return candidates;
}

}  // namespace litestage::calibrate
