// Samples a token from logits. Greedy choice (temperature 0) is the default and is done by the backend, not here.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <span>
#include <vector>

#include "litestage/prompt/sampler_options.hpp"

namespace litestage {

// The order is temperature, top-k, top-p (our choice; implementations differ). Probabilities are computed in double;
// tokens with equal logits are ordered by id.
class Sampler {
 public:
  Sampler(const SamplerOptions& options, std::uint64_t stream) : options_(options) {
    // seed_seq mixes the two numbers; mt19937_64 and the conversion below give the same draws on every platform.
    std::seed_seq seeds{static_cast<std::uint32_t>(options.seed), static_cast<std::uint32_t>(options.seed >> 32),
                        static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)};
    random_.seed(seeds);
  }

  [[nodiscard]] bool greedy() const { return options_.greedy(); }

  template <class Real>
  [[nodiscard]] int sample(std::span<const Real> logits) {
    order_.resize(logits.size());
    std::iota(order_.begin(), order_.end(), 0);
    const auto likelier = [&](int a, int b) {
      const auto x = logits[a], y = logits[b];
      return x != y ? x > y : a < b;
    };
    std::size_t keep = logits.size();
    if (options_.top_k > 0) keep = std::min<std::size_t>(keep, options_.top_k);
    std::partial_sort(order_.begin(), order_.begin() + keep, order_.end(), likelier);
    const double largest = logits[order_[0]];
    weights_.resize(keep);
    for (std::size_t i = 0; i < keep; ++i) {
      const double z = logits[order_[i]];
      weights_[i] = std::exp((z - largest) / options_.temperature);
    }
    keep = nucleus(keep);
    return order_[draw(keep)];
  }

 private:
  // The number of likeliest tokens whose probabilities together reach top_p; at least one.
  [[nodiscard]] std::size_t nucleus(std::size_t n) const {
    const double target = options_.top_p * std::accumulate(weights_.begin(), weights_.end(), 0.0);
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += weights_[i];
      if (sum >= target) return i + 1;
    }
    return n;
  }
  [[nodiscard]] std::size_t draw(std::size_t n) {
    const double sum = std::accumulate(weights_.begin(), weights_.begin() + n, 0.0);
    double left = static_cast<double>(random_() >> 11) * 0x1p-53 * sum;
    for (std::size_t i = 0; i + 1 < n; ++i) {
      if (left < weights_[i]) return i;
      left -= weights_[i];
    }
    return n - 1;
  }

  SamplerOptions options_;
  std::mt19937_64 random_;
  std::vector<int> order_;       // token ids, the likeliest first
  std::vector<double> weights_;  // proportional to their probabilities
};

}  // namespace litestage
