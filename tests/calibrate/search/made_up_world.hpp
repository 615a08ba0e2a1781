// Made-up searches: questions whose answers and times are random functions of the budgets, given by a seed.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "litestage/calibrate/search/search.hpp"

// A number that looks random, of a seed and a few integers.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(mixed(seed)) {}
  [[nodiscard]] Draw of(int value) const { return Draw(state_ ^ static_cast<std::uint64_t>(value + 1000)); }
  [[nodiscard]] double uniform() const { return (static_cast<double>(state_ >> 11) + 0.5) * 0x1p-53; }
  [[nodiscard]] double normal() const {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * of(-1).uniform());
  }
  [[nodiscard]] std::uint64_t bits() const { return state_; }

 private:
  static std::uint64_t mixed(std::uint64_t z) {  // SplitMix64
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_;
};

// Three stages, the middle one with four branches. Skipping does damage; if it exceeds the (noisy) tolerance of the
// question, the answer agrees with full depth only by chance. Texts grow with skipping, up to a cap. Time is
// proportional to texts and prompts, less the share of skipped sub-layers. Counts the tokens generated if every text is
// generated once.
class StagedWorld {
 public:
  explicit StagedWorld(std::uint64_t seed, double accuracy = 1) : draw_(seed), accuracy_(accuracy) {
    noise_ = 0.05 + 0.35 * draw_.of(1).uniform();
    growth_ = 0.6 * draw_.of(2).uniform();
    depth_ = 10 * std::exp(1.2 * draw_.of(3).uniform());
    for (int s = 0; s < 3; ++s) weight_[s] = std::exp(0.5 * draw_.of(4 + s).normal()) * (s == 0 ? 0.5 : 1);
  }

  litestage::calibrate::Outcome run(const litestage::calibrate::Trial& trial) {
    litestage::calibrate::Outcome outcome;
    const int question = static_cast<int>(trial.question);
    double damage = 0;
    Draw drawn = draw_.of(10).of(question);
    for (int s = 0; s < 3; ++s) {
      const int count = trial.candidate[static_cast<std::size_t>(s)];
      drawn = drawn.of(count);
      const int tokens = stage_tokens(s, trial);
      outcome.tokens += tokens;
      outcome.cost += (tokens * (s == 1 ? 0.6 : 1.0) + 10) * (1 - 0.85 * count / 60) * 0.01;
      damage += weight_[s] * std::pow(count / depth_, 1.5);
      std::vector<int> text = {question, s};
      text.insert(text.end(), trial.candidate.begin(), trial.candidate.begin() + s + 1);
      if (texts_.insert(text).second) memoised_ += tokens;
    }
    unmemoised_ += outcome.tokens;
    const bool skips = std::accumulate(trial.candidate.begin(), trial.candidate.end(), 0) != 0;
    const double bears = std::exp(0.9 * draw_.of(11).of(question).normal() - 0.2) + noise_ * drawn.of(1).normal();
    const bool agrees = !skips || bears > damage || drawn.of(2).uniform() < 0.25;
    const bool full_right = draw_.of(12).of(question).uniform() < accuracy_;
    outcome.correct = agrees ? full_right : !full_right && drawn.of(3).uniform() < 1.0 / 3;
    return outcome;
  }
  std::vector<litestage::calibrate::Outcome> operator()(std::span<const litestage::calibrate::Trial> trials) {
    std::vector<litestage::calibrate::Outcome> outcomes;
    for (const auto& trial : trials) outcomes.push_back(run(trial));
    return outcomes;
  }

  [[nodiscard]] double memoised() const { return memoised_; }
  [[nodiscard]] double unmemoised() const { return unmemoised_; }

 private:
  [[nodiscard]] int stage_tokens(int s, const litestage::calibrate::Trial& trial) const {
    constexpr int caps[] = {48, 48, 16};
    int tokens = 0;
    for (int branch = 0; branch < (s == 1 ? 4 : 1); ++branch) {
      const Draw own = draw_.of(20 + s).of(static_cast<int>(trial.question)).of(branch);
      double length = caps[s] * std::min(1.0, 0.3 + own.uniform());
      Draw drawn = own;
      bool skips = false;
      for (int before = 0; before <= s; ++before) {
        drawn = drawn.of(trial.candidate[static_cast<std::size_t>(before)]);
        skips = skips || trial.candidate[static_cast<std::size_t>(before)] != 0;
      }
      const double grown = 1 + growth_ * std::min(1.0, trial.candidate[static_cast<std::size_t>(s)] / 20.0);
      if (skips) length *= grown * std::exp(0.15 * drawn.normal());
      tokens += std::clamp(static_cast<int>(length), 1, caps[s]);
    }
    return tokens;
  }

  Draw draw_;
  double accuracy_, noise_, growth_, depth_;
  double weight_[3];
  std::set<std::vector<int>> texts_;
  double memoised_ = 0, unmemoised_ = 0;
};

// Any number of stages with few values each, and no structure: the outcomes of every candidate are random.
inline litestage::calibrate::Outcome drawn_outcome(std::uint64_t seed, const litestage::calibrate::Trial& trial) {
  Draw draw = Draw(seed).of(static_cast<int>(trial.question));
  bool skips = false;
  for (const int count : trial.candidate) {
    draw = draw.of(count);
    skips = skips || count != 0;
  }
  // Few different times, so that candidates tie.
  return {draw.of(1).uniform() < (skips ? 0.7 : 0.8), static_cast<double>(1 + draw.of(2).bits() % 3),
          static_cast<int>(draw.of(3).bits() % 50)};
}
