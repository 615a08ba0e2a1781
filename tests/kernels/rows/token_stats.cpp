// TokenSummary and TopLogits in the emulator, compared with double and with a sorted row.
#include "litestage/kernels/rows/token_stats.cuh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <vector>

#include "common/close.hpp"
#include "common/random_weight.hpp"
#include "kernels/device.hpp"
#include "litestage/backend/gpu/operations/token_stats.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/backend/reference/row_operations.hpp"

using namespace litestage;
using namespace litestage::test;
using kernels::LogitSummary;
using kernels::TokenSummary;
using kernels::TopLogits;

namespace {

constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

// The summaries of n rows. The counters are zero before the launch, and must be zero after it.
std::vector<LogitSummary> summarise(Emulator& emulator, const std::vector<float>& logits, unsigned n) {
  const auto vocab = static_cast<unsigned>(logits.size() / n);
  const DeviceBuffer<float> in = to_device(emulator, logits);
  const DeviceBuffer<LogitSummary> partial(emulator, std::size_t{n} * TokenSummary::blocks(vocab));
  const DeviceBuffer<int> finished = to_device(emulator, std::vector<int>(n, 0));
  const DeviceBuffer<LogitSummary> summary = to_device(emulator, std::vector<LogitSummary>(n));
  const TokenSummary::Params p{in.data(), n, vocab, partial.data(), finished.data(), summary.data()};
  emulator.launch<TokenSummary>(TokenSummary::grid(p), p);
  CHECK(to_host(finished) == std::vector<int>(n, 0));
  return to_host(summary);
}

bool same(const std::vector<LogitSummary>& a, const std::vector<LogitSummary>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const LogitSummary& x, const LogitSummary& y) {
    return x.token == y.token && x.broken == y.broken &&
           same_bits(std::vector<float>{x.largest, x.second, x.sum, x.weighted},
                     std::vector<float>{y.largest, y.second, y.sum, y.weighted});
  });
}

// How far sums of a row may be off. A logit z lies D below the largest. On its way it takes part in `merges` merges,
// and the shifts between the largest of the parts add up to D: rounding each of them, and the exponential's own error
// of two units, costs its term exp(-D) at most (D + 3 merges) 2^-24 of itself, that of `weighted` three more a merge.
// All terms of a sum have one sign, so what rounding the sums costs is part of that.
struct SummaryBound {
  double sum = 0, weighted = 0;
};
SummaryBound bound_of(const std::vector<double>& z, double largest) {
  const double merges = TokenSummary::chunk / TokenSummary::threads + 2 * (5 + TokenSummary::warps) + 1;
  SummaryBound bound;
  for (const double value : z) {
    const double distance = largest - value;
    if (std::isinf(distance)) continue;
    bound.sum += std::exp(-distance) * (distance + 4 * merges) * 0x1p-24;
    bound.weighted += std::exp(-distance) * distance * (distance + 7 * merges) * 0x1p-24;
  }
  return bound;
}

void check_row(const LogitSummary& s, const float* logits, unsigned vocab) {
  const std::vector<double> z(logits, logits + vocab);
  const TokenStats expected = reference::stats_of(z, Signal::max_logit);
  CHECK(s.token == expected.token);
  CHECK(s.largest == expected.max_logit);
  std::vector<float> rest(logits, logits + vocab);
  rest.erase(rest.begin() + expected.token);
  CHECK(s.second == (rest.empty() ? minus_infinity : *std::max_element(rest.begin(), rest.end())));
  const auto largest = static_cast<double>(s.largest);
  double sum = 0, weighted = 0;
  for (const double value : z) {
    if (std::isinf(value)) continue;
    sum += std::exp(value - largest);
    weighted += std::exp(value - largest) * (value - largest);
  }
  const SummaryBound bound = bound_of(z, largest);
  const auto found_sum = static_cast<double>(s.sum), found_weighted = static_cast<double>(s.weighted);
  CHECK(close(found_sum, sum, bound.sum));
  CHECK(close(found_weighted, weighted, bound.weighted));
  // Log-sum-exp and entropy, as the host computes them from the summaries.
  CHECK(close(largest + std::log(found_sum), largest + std::log(sum), 1.01 * bound.sum / sum));
  CHECK(close(std::log(found_sum) - found_weighted / found_sum, std::log(sum) - weighted / sum,
              1.01 * (bound.sum * (1 - weighted / sum) + bound.weighted) / sum));
}

void check_rows(const std::vector<float>& logits, unsigned n) {
  const auto vocab = static_cast<unsigned>(logits.size() / n);
  CAPTURE(vocab);
  Emulator first(schedules[0]);
  const std::vector<LogitSummary> found = summarise(first, logits, n);
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    CHECK(same(summarise(emulator, logits, n), found));
  }
  for (unsigned i = 0; i < n; ++i) check_row(found[i], logits.data() + std::size_t{i} * vocab, vocab);
}

std::vector<float> random_logits(std::size_t size, unsigned seed, float spread) {
  std::vector<float> logits = random_inputs(size, seed);
  for (float& z : logits) z *= spread;
  return logits;
}

// [n, count]
std::vector<float> top_logits(Emulator& emulator, const std::vector<float>& logits, unsigned n, unsigned count) {
  const DeviceBuffer<float> in = to_device(emulator, logits);
  const DeviceBuffer<float> top(emulator, std::size_t{n} * count);
  const TopLogits::Params p{in.data(), n, static_cast<unsigned>(logits.size() / n), count, top.data()};
  emulator.launch<TopLogits>(TopLogits::grid(p), p);
  return to_host(top);
}

void check_top(const std::vector<float>& logits, unsigned n, unsigned count) {
  const std::size_t vocab = logits.size() / n;
  CAPTURE(vocab);
  std::vector<float> expected;
  for (unsigned i = 0; i < n; ++i) {
    std::vector<float> top(count, minus_infinity);
    const auto row = logits.begin() + static_cast<std::ptrdiff_t>(i * vocab);
    std::partial_sort_copy(row, row + static_cast<std::ptrdiff_t>(vocab), top.begin(),
                           top.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(count, vocab)),
                           std::greater<>());
    expected.insert(expected.end(), top.begin(), top.end());
  }
  for (const Schedule& schedule : schedules) {
    Emulator emulator(schedule);
    CHECK(same_bits(top_logits(emulator, logits, n, count), expected));
  }
}

}  // namespace

TEST_CASE("token_summary agrees with double, to the same bits in every schedule") {
  for (const unsigned vocab : {1u, 2u, 4u, 31u, 32u, 33u, 255u, 257u, 4095u, 4096u, 4097u, 4100u}) {
    check_rows(random_logits(2 * vocab, vocab, 3), 2);
  }
  check_rows(random_logits(49152, 7, 4), 1);
  check_rows(random_logits(16 * 33, 8, 30), 16);
  check_rows(random_logits(3 * 8200, 9, 0.01f), 3);
}

TEST_CASE("token_summary: of equal logits the lowest id is the token, and the second equals it") {
  for (const unsigned vocab : {33u, 4097u, 12289u}) {
    std::vector<float> logits = random_logits(vocab, vocab, 1);
    for (const unsigned id : {vocab - 1, vocab / 2, vocab / 3}) logits[id] = 9;
    check_rows(logits, 1);
    check_rows(std::vector<float>(vocab, -2.5f), 1);
  }
}

TEST_CASE("token_summary: forbidden tokens, and ascending and descending rows") {
  for (const unsigned vocab : {31u, 4097u, 9000u}) {
    std::vector<float> logits = random_logits(vocab, vocab, 2);
    for (unsigned j = 0; j < vocab; ++j) {
      if (j % 3 != 1) logits[j] = minus_infinity;
    }
    check_rows(logits, 1);
    std::vector<float> one(vocab, minus_infinity);
    one[vocab - 2] = -1e30f;
    check_rows(one, 1);
    std::vector<float> slope(vocab);
    for (unsigned j = 0; j < vocab; ++j) slope[j] = 0.01f * static_cast<float>(j);
    check_rows(slope, 1);
    std::reverse(slope.begin(), slope.end());
    check_rows(slope, 1);
  }
}

TEST_CASE("token_summary: a row without any allowed token has the lowest id") {
  Emulator emulator;
  for (const unsigned vocab : {31u, 4097u}) {
    const LogitSummary s = summarise(emulator, std::vector<float>(vocab, minus_infinity), 1)[0];
    CHECK(s.token == 0);
    CHECK(s.largest == minus_infinity);
    CHECK(s.second == minus_infinity);
  }
}

TEST_CASE("token_summary: a NaN is never the token, and leaves no probability a number") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (const unsigned vocab : {1u, 33u, 4097u, 9000u}) {
    CAPTURE(vocab);
    const std::vector<float> logits = random_logits(vocab, vocab, 3);
    for (const unsigned at : {0u, vocab / 2, vocab - 1}) {
      std::vector<float> one = logits, rest = logits;
      one[at] = nan;
      rest[at] = minus_infinity;
      for (const Schedule& schedule : schedules) {
        Emulator emulator(schedule);
        const LogitSummary found = summarise(emulator, one, 1)[0], numbers = summarise(emulator, rest, 1)[0];
        CHECK(found.token == numbers.token);
        CHECK(found.largest == numbers.largest);
        CHECK(found.second == numbers.second);
        CHECK(std::isnan(found.sum));
        CHECK(std::isnan(found.weighted));
      }
    }
    Emulator emulator;
    const LogitSummary none = summarise(emulator, std::vector<float>(vocab, nan), 1)[0];
    CHECK(none.token == 0);
    CHECK(none.largest == minus_infinity);
    CHECK(std::isnan(none.sum));
    const TokenStats stats = gpu::token_stats_of(none, Signal::max_prob | Signal::entropy | Signal::margin, {});
    CHECK(std::isnan(stats.max_prob));
    CHECK(std::isnan(stats.entropy));
    CHECK(std::isnan(stats.margin));
  }
}

TEST_CASE("token_summary: infinite logits leave no probability a number, as on the CPU") {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::vector<float>& logits :
       {std::vector<float>{0, infinity, 1}, {infinity, infinity}, {minus_infinity, minus_infinity}}) {
    Emulator emulator;
    constexpr Signal signals = Signal::max_prob | Signal::log_prob | Signal::entropy | Signal::margin;
    const TokenStats found = gpu::token_stats_of(summarise(emulator, logits, 1)[0], signals, {});
    const TokenStats exact = reference::stats_of(std::vector<double>(logits.begin(), logits.end()), signals);
    CHECK(found.token == exact.token);
    for (const TokenStats& s : {found, exact}) {
      CHECK(std::isnan(s.max_prob));
      CHECK(std::isnan(s.log_prob));
      CHECK(std::isnan(s.entropy));
    }
  }
}

TEST_CASE("token_summary: a logit that is not finite is told of its row, wherever it stands") {
  constexpr float infinity = std::numeric_limits<float>::infinity(), huge = std::numeric_limits<float>::max();
  for (const unsigned vocab : {1u, 33u, 4097u, 9000u}) {
    CAPTURE(vocab);
    const std::vector<float> logits = random_logits(2 * vocab, vocab, 3);
    const auto told = [&](std::size_t at, float number, const Schedule& schedule) {
      Emulator emulator(schedule);
      std::vector<float> changed = logits;
      changed[at] = number;
      const std::vector<LogitSummary> found = summarise(emulator, changed, 2);
      CHECK(gpu::token_stats_of(found[at / vocab], Signal::none, {}).finite == (found[at / vocab].broken == 0));
      CHECK(found[1 - at / vocab].broken == 0);
      return found[at / vocab].broken;
    };
    for (const std::size_t at : {0u, vocab / 2, vocab - 1, 2 * vocab - 1}) {
      for (const float bad : {infinity, minus_infinity, std::nanf("")}) CHECK(told(at, bad, schedules[2]) == 1);
      CHECK(told(at, at % 2 == 0 ? huge : -huge, schedules[1]) == 0);
    }
  }
}

TEST_CASE("token_summary: a row's bits depend on no other row") {
  const std::vector<float> logits = random_logits(16 * 5000, 3, 3);
  Emulator emulator;
  const std::vector<LogitSummary> all = summarise(emulator, logits, 16);
  const std::vector<float> row(logits.begin() + 11 * 5000, logits.begin() + 12 * 5000);
  CHECK(same(summarise(emulator, row, 1), {all[11]}));
}

TEST_CASE("merged summaries do not depend on which is which") {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  for (int round = 0; round < 1000; ++round) {
    const auto some = [&](int token) {
      LogitSummary s{round % 7 == 0 ? 1.5f : normal(random), 0, 1 + std::abs(normal(random)), 0, token, 0};
      s.second = s.largest - std::abs(normal(random));
      s.weighted = -std::abs(normal(random));
      return s;
    };
    const LogitSummary a = some(round % 5), b = some(5 + round % 3), none;
    CHECK(same({kernels::merged(a, b)}, {kernels::merged(b, a)}));
    CHECK(same({kernels::merged(a, none)}, {a}));
    CHECK(same({kernels::merged(none, a)}, {a}));
  }
}

TEST_CASE("top_logits are those of a sorted row") {
  check_top(random_logits(2 * 1, 1, 1), 2, 3);
  check_top(random_logits(3 * 31, 2, 1), 3, 32);  // more than there are
  check_top(random_logits(4097, 3, 1), 1, 7);
  check_top(random_logits(2 * 4100, 4, 1), 2, 7);
  std::vector<float> few_values = random_logits(2 * 1025, 4, 1);
  for (float& z : few_values) z = std::floor(2 * z);
  check_top(few_values, 2, 12);
  std::vector<float> forbidden = random_logits(63, 5, 1);
  for (unsigned j = 0; j < 63; ++j) {
    if (j % 4 != 0) forbidden[j] = minus_infinity;
  }
  check_top(forbidden, 1, 32);
  check_top(std::vector<float>(33, minus_infinity), 1, 5);
}
