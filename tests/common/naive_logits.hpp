// Compares the logits of models that a backend loads with those of naive models.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/naive_model.hpp"
#include "common/sequences.hpp"

namespace litestage::test {

// Keys and values are rounded to float, and so are divisors and magnitudes of RoPE: 2^-24 of each, at positions up to
// 64 and through up to nine layers. The cpu backend rounds everything.
inline constexpr double allowed_of_reference = 1e-4, allowed_of_cpu = 5e-3;

[[nodiscard]] inline std::vector<int> tokens_for(const NaiveShape& s, std::size_t n, std::uint64_t seed) {
  Random random(seed);
  std::vector<int> tokens;
  for (std::size_t i = 0; i < n; ++i)
    tokens.push_back(static_cast<int>(random.below(static_cast<std::size_t>(s.vocab))));
  return tokens;
}

// The logits of each token of a sequence.
template <class B>
[[nodiscard]] std::vector<std::vector<double>> logits_of(B& backend, const Model<B>& model, const Sequence& sequence,
                                                         const Steps& steps, int session_length) {
  Session<B> session(backend, model, {1, static_cast<std::size_t>(session_length), KvType::f32});
  std::vector<std::vector<double>> rows;
  const Results<B> results = run(session, {sequence}, steps, false);
  for (const auto& row : results[0]) rows.emplace_back(row.begin(), row.end());
  return rows;
}

// The largest difference between two sets of logits; infinite if their sizes differ or one is not a number.
[[nodiscard]] inline double largest_difference(const std::vector<std::vector<double>>& a,
                                               const std::vector<std::vector<double>>& b) {
  if (a.size() != b.size()) return HUGE_VAL;
  double largest = 0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    if (a[t].size() != b[t].size()) return HUGE_VAL;
    for (std::size_t j = 0; j < a[t].size(); ++j) {
      const double difference = std::abs(a[t][j] - b[t][j]);
      largest = difference >= largest ? difference : std::isnan(difference) ? HUGE_VAL : largest;
    }
  }
  return largest;
}

}  // namespace litestage::test
