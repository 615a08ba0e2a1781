// Summarises each row of logits on the device for the policies, so that only 24 bytes per row are copied to the host.
//
// Summaries are made in the step that makes the logits, so that they are recorded with it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/gpu/memory/scratch.hpp"
#include "litestage/backend/gpu/operations/token_stats.hpp"
#include "litestage/core/view.hpp"
#include "litestage/kernels/rows/token_stats.cuh"
#include "litestage/step/token_stats.hpp"

namespace litestage::gpu {

// The logits that the summaries on the device were made of.
struct SummarisedLogits {
  const float* logits = nullptr;
  std::size_t rows = 0;
};

template <Runtime R>
class TokenSummaries {
 public:
  explicit TokenSummaries(Device<R>& device)
      : device_(&device), summaries_(device), partial_(device), finished_(device), top_(device) {}

  // The logits that the summaries on the device belong to. A new step clears it, because its logits may be those of a
  // different session; a replay sets it to the value at the end of its recording.
  [[nodiscard]] SummarisedLogits& summarised() { return summarised_; }

  void summarise(View<const float, 2> logits) {
    using Summary = kernels::TokenSummary;
    const std::size_t n = logits.extent(0);
    Summary::Params p;
    p.logits = logits.data();
    p.n = static_cast<unsigned>(n);
    p.vocab = static_cast<unsigned>(logits.extent(1));
    p.partial = partial_.grow(n * Summary::blocks(p.vocab));
    p.finished = finished_.grow(n);
    p.summary = summaries_.grow(n);
    device_->template launch<Summary>(Summary::grid(p), p);
    summarised_ = {logits.data(), n};
  }

  // Backend::token_stats (backend/concept.hpp).
  void read(std::span<TokenStats> stats, View<const float, 2> logits, Signal signals) {
    if (stats.empty()) return;
    const std::size_t n = stats.size();
    if (logits.data() != summarised_.logits || n > summarised_.rows) summarise(logits);
    std::vector<kernels::LogitSummary> summaries(n);
    device_->runtime().copy_to_host(summaries.data(), summaries_.data(), n * sizeof(kernels::LogitSummary));
    std::vector<float> top;
    if (needs_largest(signals) > 2) top = top_logits(logits, n);
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t first = top.empty() ? 0 : i * TokenStats::max_top;
      stats[i] = token_stats_of(summaries[i], signals, std::span<const float>(top).subspan(first));
    }
  }

 private:
  // The largest logits of the first n rows, descending: [n, TokenStats::max_top].
  [[nodiscard]] std::vector<float> top_logits(View<const float, 2> logits, std::size_t n) {
    kernels::TopLogits::Params p;
    p.logits = logits.data();
    p.n = static_cast<unsigned>(n);
    p.vocab = static_cast<unsigned>(logits.extent(1));
    p.count = static_cast<unsigned>(TokenStats::max_top);
    p.top = top_.grow(n * TokenStats::max_top);
    device_->template launch<kernels::TopLogits>(kernels::TopLogits::grid(p), p);
    std::vector<float> top(n * TokenStats::max_top);
    device_->runtime().copy_to_host(top.data(), top_.data(), top.size() * sizeof(float));
    return top;
  }

  Device<R>* device_;
  SummarisedLogits summarised_;
  Scratch<R, kernels::LogitSummary> summaries_;  // [n]
  Scratch<R, kernels::LogitSummary> partial_;    // [n, blocks of a row]
  Scratch<R, int> finished_;                     // [n] counters, zero between launches
  Scratch<R, float> top_;                        // [n, TokenStats::max_top]
};

}  // namespace litestage::gpu
