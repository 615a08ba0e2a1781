// Watching a run: what each sub-layer did and which tokens were kept. NoObserver is the default and the template to
// copy.
#pragma once

#include <concepts>

#include "litestage/policy/concepts.hpp"

namespace litestage {

// `branch` counts within the stage. Sub-layers that ran are reported bottom up after each step of a sequence (for a
// prefill once, at its end), with the statistics that `stats` asks for; tokens when they are kept. The look at the
// option letters is not reported: it is no stage.
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
