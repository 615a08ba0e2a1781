#include "litestage/engine/sampler.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

using namespace litestage;

namespace {

constexpr int draws = 20000;

// How often each token is drawn.
std::vector<int> counts(const SamplerOptions& options, const std::vector<double>& logits, std::uint64_t stream = 0) {
  Sampler sampler(options, stream);
  std::vector<int> n(logits.size());
  for (int i = 0; i < draws; ++i) ++n.at(static_cast<std::size_t>(sampler.sample(std::span<const double>(logits))));
  return n;
}

// A count of draws with probability p has the standard deviation sqrt(draws p (1 - p)); five of them, or none at all.
void check_frequencies(const std::vector<int>& found, const std::vector<double>& p) {
  for (std::size_t i = 0; i < p.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(found[i] - draws * p[i]) <= 5 * std::sqrt(draws * p[i] * (1 - p[i])));
  }
}

const std::vector<double> probabilities{0.1, 0.45, 0.05, 0.2, 0.2};

std::vector<double> logits_of(double temperature) {
  std::vector<double> logits;
  for (const double p : probabilities) logits.push_back(temperature * std::log(p) + 3);
  return logits;
}

}  // namespace

TEST_CASE("sampler: frequencies are the probabilities, at any temperature") {
  for (const double temperature : {1.0, 0.5, 2.0}) {
    check_frequencies(counts({.temperature = temperature, .seed = 3}, logits_of(temperature)), probabilities);
  }
}

TEST_CASE("sampler: top-k and top-p cut the tail, equal logits in the order of ids") {
  const std::vector<double> logits = logits_of(1);
  check_frequencies(counts({.temperature = 1, .top_k = 2}, logits), {0, 0.45 / 0.65, 0, 0.2 / 0.65, 0});
  check_frequencies(counts({.temperature = 1, .top_k = 99}, logits), probabilities);
  check_frequencies(counts({.temperature = 1, .top_p = 0.5}, logits), {0, 0.45 / 0.65, 0, 0.2 / 0.65, 0});
  check_frequencies(counts({.temperature = 1, .top_p = 0.8}, logits), {0, 0.45 / 0.85, 0, 0.2 / 0.85, 0.2 / 0.85});
  // Top-k keeps three (0.85 in all), and top-p keeps those that reach half of that.
  check_frequencies(counts({.temperature = 1, .top_k = 3, .top_p = 0.5}, logits), {0, 1, 0, 0, 0});
  CHECK(counts({.temperature = 1, .top_p = 0}, logits)[1] == draws);
  CHECK(counts({.temperature = 1, .top_k = 1}, logits)[1] == draws);
}

TEST_CASE("sampler: extreme temperatures and logits") {
  CHECK(counts({.temperature = 1e-300}, logits_of(1))[1] == draws);
  const double infinity = std::numeric_limits<double>::infinity();
  check_frequencies(counts({.temperature = 1}, {-infinity, 2, -infinity, 2}), {0, 0.5, 0, 0.5});
  check_frequencies(counts({.temperature = 1}, {1e30, -1e30, 1e30}), {0.5, 0, 0.5});
  CHECK(counts({.temperature = 1}, {7})[0] == draws);
}

TEST_CASE("sampler: a seed and a stream give the same draws again, another of either gives others") {
  const auto sequence = [](std::uint64_t seed, std::uint64_t stream) {
    Sampler sampler({.temperature = 1, .seed = seed}, stream);
    const std::vector<double> logits = logits_of(1);
    std::vector<int> drawn;
    for (int i = 0; i < 40; ++i) drawn.push_back(sampler.sample(std::span<const double>(logits)));
    return drawn;
  };
  CHECK(sequence(1, 2) == sequence(1, 2));
  CHECK(sequence(1, 2) != sequence(2, 1));
  CHECK(sequence(1, 2) != sequence(1, 3));
  CHECK(sequence(1, 2) != sequence(1 + (std::uint64_t{1} << 32), 2));
  CHECK(sequence(1, 2) != sequence(1, 2 + (std::uint64_t{1} << 32)));
}
