// DeepConf's token confidence (arXiv 2508.15260): -mean log p of the k likeliest tokens. A peaked distribution leaves
// little probability for the other tokens, so a larger value means more confident. k = 20 is from the paper.
#pragma once

#include <algorithm>
#include <cmath>
#include <string_view>

#include "litestage/settings/field.hpp"
#include "litestage/step/types.hpp"

namespace litestage::confidence {

struct MeanLogProbTopK {
  static constexpr std::string_view name = "top_log_probs";
  static constexpr std::string_view summary = "minus the mean log-probability of the k likeliest tokens (DeepConf)";
  static constexpr Signal signals = Signal::top_log_probs;

  int k = 20;

  // If the vocabulary has fewer than k tokens, or probabilities underflow, some values are -inf; the mean excludes
  // them.
  [[nodiscard]] float operator()(const TokenStats& token) const {
    const int n = std::clamp<int>(k, 1, TokenStats::max_top);
    float sum = 0;
    int count = 0;
    for (int i = 0; i < n; ++i) {
      if (std::isinf(token.top_log_probs[i])) continue;
      sum += token.top_log_probs[i];
      ++count;
    }
    return count == 0 ? not_measured : -sum / static_cast<float>(count);
  }

  static constexpr auto fields() {
    return Fields(Field("k", &MeanLogProbTopK::k, "number of likeliest tokens in the mean", 1, TokenStats::max_top));
  }
  friend bool operator==(const MeanLogProbTopK&, const MeanLogProbTopK&) = default;
};

}  // namespace litestage::confidence
