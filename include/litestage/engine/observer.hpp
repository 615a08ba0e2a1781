// Observes a run: the statistics of each sub-layer, and the tokens that were kept. NoObserver is the default; copy it
// as the template for a new observer.
#pragma once

#include <concepts>

#include "litestage/policy/concepts.hpp"

namespace litestage {

// `branch` counts within the stage. Sub-layers that ran are reported bottom up after each step of a sequence (once for
// a prefill, at its end), with the statistics that `stats` requests; tokens are reported when they are kept, also those
// that an exit policy injects, whose `step` is the one that forwards them. Look-aheads are not reported. The scoring of
// option letters is not a stage and not reported.
template <class O>
concept StepObserver = DeclaresStats<O> && requires(O& o, int branch, const RequestInfo& request, const StepInfo& step,
                                                    Sublayer u, const SublayerStats& stats, int token) {
  { o.sublayer(branch, request, step, u, stats) } -> std::same_as<void>;
  { o.token(branch, request, step, token) } -> std::same_as<void>;
};

struct NoObserver {
  static constexpr Stat stats = Stat::none;
  void sublayer(int, const RequestInfo&, const StepInfo&, Sublayer, const SublayerStats&) const {}
  void token(int, const RequestInfo&, const StepInfo&, int) const {}
};

}  // namespace litestage
