#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "litestage/confidence/standard.hpp"

using namespace litestage;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

TokenStats stats() {
  TokenStats t;
  t.max_logit = 17.5f;
  t.max_prob = 0.5f;
  t.margin = 0.125f;
  t.entropy = 2.25f;
  t.log_prob = -9;
  for (std::size_t i = 0; i < TokenStats::max_top; ++i) t.top_log_probs[i] = -static_cast<float>(i + 1);
  return t;
}

}  // namespace

TEST_CASE("each criterion takes its own signal, larger is surer") {
  CHECK(confidence::MaxLogit{}(stats()) == 17.5f);
  CHECK(confidence::MaxProb{}(stats()) == 0.5f);
  CHECK(confidence::Margin{}(stats()) == 0.125f);
  CHECK(confidence::NegEntropy{}(stats()) == -2.25f);
}

TEST_CASE("top log-probabilities: minus the mean of the first k") {
  CHECK(confidence::MeanLogProbTopK{1}(stats()) == 1);
  CHECK(confidence::MeanLogProbTopK{4}(stats()) == 2.5f);
  CHECK(confidence::MeanLogProbTopK{32}(stats()) == 16.5f);
  CHECK(confidence::MeanLogProbTopK{}(stats()) == 10.5f);  // k = 20
  TokenStats peaked;                                       // p = 0.97, 0.01, 0.01, 0.01 against four equal ones
  TokenStats flat;
  for (std::size_t i = 0; i < 4; ++i) {
    peaked.top_log_probs[i] = std::log(i == 0 ? 0.97f : 0.01f);
    flat.top_log_probs[i] = std::log(0.25f);
  }
  CHECK(confidence::MeanLogProbTopK{4}(peaked) > confidence::MeanLogProbTopK{4}(flat));
}

TEST_CASE("places past the vocabulary do not count, and settings out of range do not read out of bounds") {
  TokenStats two = stats();
  for (std::size_t i = 2; i < TokenStats::max_top; ++i) two.top_log_probs[i] = -infinity;
  CHECK(confidence::MeanLogProbTopK{20}(two) == 1.5f);
  two.top_log_probs.fill(-infinity);
  CHECK(std::isnan(confidence::MeanLogProbTopK{20}(two)));
  CHECK(confidence::MeanLogProbTopK{1000}(stats()) == 16.5f);
  CHECK(confidence::MeanLogProbTopK{-5}(stats()) == 1);
}

TEST_CASE("signals that were not measured give NaN, not a number") {
  const TokenStats nothing;
  for (const confidence::Standard& c :
       {confidence::Standard(confidence::MaxLogit{}), confidence::Standard(confidence::MaxProb{}),
        confidence::Standard(confidence::Margin{}), confidence::Standard(confidence::NegEntropy{}),
        confidence::Standard(confidence::MeanLogProbTopK{})}) {
    CAPTURE(std::string(c.active_name()));
    CHECK(std::isnan(c(nothing)));
    CHECK(!std::isnan(c(stats())));
  }
}
