// A segment: consecutive tokens of one sequence that are forwarded under one decision vector. It is a shared prompt
// prefix, a branch's own part of the prompt, or one decoded token, which a look-ahead may follow. It may be forwarded
// in chunks, which policies do not notice.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/model/decisions.hpp"
#include "litestage/policy/concepts.hpp"

namespace litestage {

// Asks a policy for all decisions of one step. A run-time choice resolves its active policy once, not 2L times.
template <class Skip>
[[nodiscard]] Decisions decide_all(const Skip& policy, const typename Skip::State& state, const StepInfo& step,
                                   int n_layers) {
  if constexpr (requires { typename Skip::Alternatives; }) {
    return policy.visit(state, [&](const auto& p, const auto& own) { return decide_all(p, own, step, n_layers); });
  }
  Decisions decisions(2 * n_layers);
  for (int u = 0; u < 2 * n_layers; ++u) {
    const SkipDecision d = policy.decide(state, step, Sublayer::at(u));
    if (d.skip) decisions[u] = d;  // sub-layers that run keep the value SkipDecision{}
  }
  return decisions;
}

[[nodiscard]] inline int count_skipped(const Decisions& decisions) {
  int n = 0;
  for (const SkipDecision& d : decisions) n += d.skip ? 1 : 0;
  return n;
}

// The number of leading tokens that the prompts of parallel branches share, which are forwarded once. Each branch keeps
// at least one token of its own; a single prompt has no shared prefix.
[[nodiscard]] inline std::size_t shared_prefix(std::span<const std::vector<int>> prompts) {
  if (prompts.size() < 2) return 0;
  std::size_t n = prompts[0].size() - 1;
  for (const std::vector<int>& p : prompts) {
    n = std::min(n, p.size() - 1);
    const auto last = p.begin() + n;
    n = std::mismatch(p.begin(), last, prompts[0].begin()).first - p.begin();
  }
  return n;
}

// Counts the skipped sub-layers of a request, for its report.
class SkipCount {
 public:
  explicit SkipCount(int n_sublayers) : ever_(n_sublayers) {}

  // Adds n tokens that were forwarded under these decisions.
  void add(const Decisions& decisions, std::size_t n) {
    if (n == 0) return;
    for (std::size_t u = 0; u < decisions.size(); ++u) ever_[u] = ever_[u] || decisions[u].skip;
    skips_ += static_cast<double>(n) * count_skipped(decisions);
    tokens_ += n;
  }
  [[nodiscard]] int distinct() const { return static_cast<int>(std::count(ever_.begin(), ever_.end(), true)); }
  [[nodiscard]] double mean() const { return tokens_ > 0 ? skips_ / static_cast<double>(tokens_) : 0; }

 private:
  std::vector<bool> ever_;  // [2 * n_layers]
  double skips_ = 0;        // summed over the tokens
  std::size_t tokens_ = 0;
};

// Statistics of one sub-layer (or layer) over the tokens of a segment, summed in double in token order.
struct MomentSums {
  double cosines = 0, last_cosine = 0, before = 0, after = 0;
  int tokens = 0;

  template <class Real>
  void add(const Moments<Real>& m) {
    const double norms = std::sqrt(static_cast<double>(m.before)) * std::sqrt(static_cast<double>(m.after));
    last_cosine = norms > 0 ? m.dot / norms : 0;  // a zero vector has no direction
    cosines += last_cosine;
    before += m.before;
    after += m.after;
    ++tokens;
  }
  [[nodiscard]] bool finite() const { return std::isfinite(before) && std::isfinite(after); }
  [[nodiscard]] float mean_cosine() const { return static_cast<float>(cosines / tokens); }
  [[nodiscard]] float norm_ratio() const { return static_cast<float>(std::sqrt(after / before)); }
};

// Sums of a segment's statistics over its forward steps; empty if no statistics are read.
struct SegmentSums {
  Stat wanted = Stat::none;           // statistics that are read
  std::vector<MomentSums> sublayers;  // [2 * n_layers]
  std::vector<MomentSums> layers;     // [n_layers]

  SegmentSums() = default;
  SegmentSums(Stat stats, int n_layers) : wanted(stats) {
    if (any(wanted & (Stat::cosine | Stat::norm_ratio))) sublayers.resize(2 * n_layers);
    if (any(wanted & Stat::layer_cosine)) layers.resize(n_layers);
  }

  // The moments of a step are [2 * n_layers | n_layers, n_rows]; rows first..first+n-1 belong to this sequence.
  template <class Real>
  static void add(std::vector<MomentSums>& sums, std::span<const Moments<Real>> moments, std::size_t n_rows,
                  std::size_t first, std::size_t n) {
    for (std::size_t u = 0; u < sums.size(); ++u) {
      for (std::size_t k = 0; k < n; ++k) sums[u].add(moments[u * n_rows + first + k]);
    }
  }
  // Whether all sums are finite: those of sub-layers that ran under these decisions, and those of layers.
  [[nodiscard]] bool finite(const Decisions& decisions) const {
    for (std::size_t u = 0; u < sublayers.size(); ++u) {
      if (!decisions[u].skip && !sublayers[u].finite()) return false;
    }
    return std::all_of(layers.begin(), layers.end(), [](const MomentSums& s) { return s.finite(); });
  }
  // The statistics of a sub-layer over `tokens` tokens; the flag says whether the last one ends a prompt.
  [[nodiscard]] SublayerStats stats(Sublayer u, std::size_t tokens, bool ends_prompt) const {
    SublayerStats s;
    s.tokens = static_cast<int>(tokens);
    const int index = u.index();
    if (any(wanted & Stat::cosine)) {
      s.cosine = sublayers[index].mean_cosine();
      if (ends_prompt) s.last_cosine = static_cast<float>(sublayers[index].last_cosine);
    }
    if (any(wanted & Stat::norm_ratio)) s.norm_ratio = sublayers[index].norm_ratio();
    if (any(wanted & Stat::layer_cosine) && u.unit == Unit::mlp) s.layer_cosine = layers[u.layer].mean_cosine();
    return s;
  }
};

struct Segment {
  StepInfo step;
  int decisions = 0;          // number in the session's DecisionTable
  std::vector<int> tokens;    // all tokens of the segment
  std::size_t own = 0;        // leading tokens that are the branch's own; those after them belong to a look-ahead
  std::size_t done = 0;       // number of tokens already forwarded
  bool wants_logits = false;  // after its own tokens and after all; true for all segments except a shared prefix
  SegmentSums sums;           // over its own tokens

  [[nodiscard]] bool complete() const { return done == tokens.size(); }
  // How many of the next n tokens are the branch's own.
  [[nodiscard]] std::size_t own_of(std::size_t n) const { return done < own ? std::min(own - done, n) : 0; }
  [[nodiscard]] bool wants_logits_of(std::size_t i) const {
    return wants_logits && (i + 1 == own || i + 1 == tokens.size());
  }
  // Calls f(sub-layer, its statistics over the segment), from the bottom up, for those that ran under these decisions.
  template <class F>
  void for_each_run(const Decisions& of_all, F&& f) const {
    for (int i = 0; i < std::ssize(of_all); ++i) {
      if (of_all[i].skip) continue;
      const Sublayer u = Sublayer::at(i);
      f(u, sums.stats(u, own, wants_logits));
    }
  }
};

}  // namespace litestage
