#include "litestage/backend/cpu/rows/token_stats.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "common/close.hpp"
#include "common/row_kernels.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

template <class Kernels>
TokenStats stats_of(const std::vector<float>& logits, Signal signals = all_signals) {
  const std::size_t n = cpu::logit_chunks(logits.size());
  std::vector<cpu::LogitChunk> chunks(n);
  for (std::size_t c = 0; c < n; ++c) cpu::measure_max<Kernels>(chunks[c], logits.data(), logits.size(), c);
  for (std::size_t c = 0; c < n; ++c) {
    cpu::measure_sums<Kernels>(chunks[c], logits.data(), logits.size(), c, cpu::row_max(chunks.data(), n));
  }
  return cpu::summarize<Kernels>(chunks.data(), logits.data(), logits.size(), signals);
}

// Within `units` half ulps of its size, and of 1 (probabilities and logarithms near 0 come from sums near 1).
bool near(float found, double expected, double units) {
  return close(static_cast<double>(found), expected, units * 0x1p-24 * (1 + std::abs(expected)));
}

void check_against_double(const std::vector<float>& logits, const TokenStats& s) {
  std::vector<float> sorted = logits;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  const double max = static_cast<double>(sorted[0]);
  double sum = 0, entropy = 0;
  for (const float z : logits) sum += std::exp(static_cast<double>(z) - max);
  for (const float z : logits) {
    const double log_prob = static_cast<double>(z) - max - std::log(sum);
    if (z != -inf) entropy -= std::exp(log_prob) * log_prob;
  }
  const double second = logits.size() > 1 ? std::exp(static_cast<double>(sorted[1]) - max) : 0;
  CHECK(s.token == std::max_element(logits.begin(), logits.end()) - logits.begin());
  CHECK(s.max_logit == sorted[0]);
  // Each weight has an error of 3 half ulps (difference, exp), and 8 are added in float before sums go on in double.
  CHECK(close(static_cast<double>(s.max_prob), 1 / sum, 12 * 0x1p-24 / sum));
  CHECK(near(s.log_prob, -std::log(sum), 12));
  CHECK(near(s.margin, (1 - second) / sum, 12));
  // Also the differences of at most ~20 that matter are rounded, and multiplied with weights of that error.
  CHECK(near(s.entropy, entropy, 20));
  for (std::size_t i = 0; i < TokenStats::max_top; ++i) {
    if (i < sorted.size())
      CHECK(near(s.top_log_probs[i], static_cast<double>(sorted[i]) - max - std::log(sum), 12));
    else
      CHECK(s.top_log_probs[i] == -inf);
  }
}

}  // namespace

TEST_CASE("statistics of random logits agree with double") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    for (const std::size_t vocab : {1u, 2u, 15u, 16u, 17u, 31u, 33u, 576u, 4095u, 4096u, 4097u, 12289u, 49157u}) {
      for (const float spread : {0.01f, 1.0f, 5.0f}) {
        CAPTURE(vocab);
        CAPTURE(spread);
        const std::vector<float> logits = normal_numbers(vocab, vocab, spread);
        check_against_double(logits, stats_of<decltype(kernels)>(logits));
      }
    }
  });
}

TEST_CASE("ties go to the lowest id, also across chunks") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> logits(9001, 1.0f);
    CHECK(stats_of<decltype(kernels)>(logits).token == 0);
    for (const std::size_t first : {8999u, 5000u, 4096u, 4095u, 17u, 3u}) {
      logits[first] = 2;  // and all later ones of this list
      const TokenStats s = stats_of<decltype(kernels)>(logits);
      CHECK(s.token == static_cast<int>(first));
      if (first != 8999) CHECK(s.margin == 0);
      check_against_double(logits, s);
    }
    logits.assign(40, -0.0f);
    logits[20] = 0.0f;  // equal
    CHECK(stats_of<decltype(kernels)>(logits).token == 0);
  });
}

TEST_CASE("sorted logits, in both orders") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> logits(5003);
    for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = 0.01f * static_cast<float>(i);
    check_against_double(logits, stats_of<decltype(kernels)>(logits));
    std::reverse(logits.begin(), logits.end());
    check_against_double(logits, stats_of<decltype(kernels)>(logits));
  });
}

TEST_CASE("masked and broken logits") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    std::vector<float> logits(5000, -inf);
    CHECK(stats_of<decltype(kernels)>(logits).token == 0);
    logits[4321] = -3;  // all the probability
    TokenStats s = stats_of<decltype(kernels)>(logits);
    CHECK(s.token == 4321);
    CHECK(s.max_prob == 1);
    CHECK(s.margin == 1);
    CHECK(s.entropy == 0);
    CHECK(s.log_prob == 0);
    CHECK(s.top_log_probs[0] == 0);
    CHECK(s.top_log_probs[1] == -inf);
    logits[17] = std::nanf("");
    s = stats_of<decltype(kernels)>(logits);
    CHECK(s.token == 4321);
    CHECK(std::isnan(s.max_prob));
    CHECK(std::isnan(s.entropy));
    logits.assign(100, std::nanf(""));
    CHECK(stats_of<decltype(kernels)>(logits).token == 0);
    logits.assign(100, 1e38f);
    logits[7] = -1e38f;
    check_against_double(logits, stats_of<decltype(kernels)>(logits));
  });
}

TEST_CASE("a logit that is not finite is noticed wherever it stands, whatever is asked for") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    for (const std::size_t vocab : {1u, 7u, 33u, 4095u, 4097u, 9001u}) {
      std::vector<float> logits = normal_numbers(vocab, vocab);
      for (const Signal signals : {Signal::none, all_signals}) {
        CHECK(stats_of<decltype(kernels)>(logits, signals).finite);
        for (const std::size_t at : {std::size_t{0}, vocab / 2, vocab - 1}) {
          const float kept = logits[at];
          for (const float bad : {inf, -inf, std::nanf(""), -std::nanf("")}) {
            logits[at] = bad;
            CHECK(!stats_of<decltype(kernels)>(logits, signals).finite);
          }
          for (const float huge : {std::numeric_limits<float>::max(), -std::numeric_limits<float>::max(), 0.0f}) {
            logits[at] = huge;
            CHECK(stats_of<decltype(kernels)>(logits, signals).finite);
          }
          logits[at] = kept;
        }
      }
    }
  });
}

TEST_CASE("the largest magnitude is that of any place, read nowhere else") {
  with_all_kernels([](auto kernels, const std::string& name) {
    CAPTURE(name);
    CHECK(decltype(kernels)::largest_magnitude(nullptr, 0) == 0);
    for (const std::size_t n : awkward_sizes) {
      std::vector<float> x(n + 1, -0.5f);
      x[n] = inf;  // not among them
      for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
        for (const float value : {3.0f, -3.0f, inf, -inf, std::nanf("")}) {
          x[at] = value;
          CHECK(decltype(kernels)::largest_magnitude(x.data(), n) == std::bit_cast<std::uint32_t>(std::abs(value)));
        }
        x[at] = -0.5f;
      }
      CHECK(decltype(kernels)::largest_magnitude(x.data(), n) == std::bit_cast<std::uint32_t>(0.5f));
    }
  });
}

TEST_CASE("only what is asked for is computed") {
  const std::vector<float> logits = normal_numbers(100, 1);
  with_all_kernels([&](auto kernels, const std::string& name) {
    CAPTURE(name);
    const TokenStats all = stats_of<decltype(kernels)>(logits);
    for (unsigned bit = 0; bit <= 32; bit = bit == 0 ? 1 : 2 * bit) {
      const TokenStats s = stats_of<decltype(kernels)>(logits, static_cast<Signal>(bit));
      CHECK(s.token == all.token);
      const auto is = [&](Signal signal, float value, float expected) {
        if (bit == static_cast<unsigned>(signal))
          CHECK(value == expected);
        else
          CHECK(std::isnan(value));
      };
      is(Signal::max_logit, s.max_logit, all.max_logit);
      is(Signal::max_prob, s.max_prob, all.max_prob);
      is(Signal::margin, s.margin, all.margin);
      is(Signal::entropy, s.entropy, all.entropy);
      is(Signal::log_prob, s.log_prob, all.log_prob);
      is(Signal::top_log_probs, s.top_log_probs[31], all.top_log_probs[31]);
    }
  });
}
