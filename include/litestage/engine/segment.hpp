// A run of tokens of one sequence that is forwarded under one vector of decisions: a shared prompt prefix, a branch's
// own part of the prompt, or one decoded token. It may be cut into chunks; policies never notice.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/policy/concepts.hpp"

namespace litestage {

// Asks a policy for all decisions of one step.
template <class Skip>
[[nodiscard]] Decisions decide_all(const Skip& policy, const typename Skip::State& state, const StepInfo& step,
                                   int n_layers) {
  Decisions decisions(static_cast<std::size_t>(2 * n_layers));
  for (int u = 0; u < 2 * n_layers; ++u) {
    const SkipDecision d = policy.decide(state, step, Sublayer::at(u));
    if (d.skip) decisions[static_cast<std::size_t>(u)] = d;  // a decision not to skip is stored as SkipDecision{}
  }
  return decisions;
}

[[nodiscard]] inline int count_skipped(const Decisions& decisions) {
  int n = 0;
  for (const SkipDecision& d : decisions) n += d.skip ? 1 : 0;
  return n;
}

// Statistics of one sub-layer over the tokens of a segment, summed in double in the order of the tokens.
struct SublayerSums {
  double cosines = 0, before = 0, after = 0;
  std::size_t tokens = 0;

  template <class Real>
  void add(const Moments<Real>& m) {
    const double norms = std::sqrt(static_cast<double>(m.before)) * std::sqrt(static_cast<double>(m.after));
    cosines += norms > 0 ? static_cast<double>(m.dot) / norms : 0;  // a zero vector has no direction: counted as 0
    before += static_cast<double>(m.before);
    after += static_cast<double>(m.after);
    ++tokens;
  }
  [[nodiscard]] SublayerStats stats(Stat wanted) const {
    SublayerStats s;
    if (any(wanted & Stat::cosine)) s.cosine = static_cast<float>(cosines / static_cast<double>(tokens));
    if (any(wanted & Stat::norm_ratio)) s.norm_ratio = static_cast<float>(std::sqrt(after / before));
    return s;
  }
};

struct Segment {
  StepInfo step;
  int decisions = 0;               // number in the session's table
  std::vector<int> tokens;         // all of them
  std::size_t done = 0;            // of these, already forwarded
  bool wants_logits = false;       // of the last token
  std::vector<SublayerSums> sums;  // [2 * n_layers] or empty where nobody reads statistics

  [[nodiscard]] bool complete() const { return done == tokens.size(); }
};

}  // namespace litestage
