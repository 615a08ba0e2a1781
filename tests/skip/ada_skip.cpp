#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/skip_decisions.hpp"
#include "litestage/policy/concepts.hpp"
#include "litestage/skip/ada_skip.hpp"
#include "litestage/skip/standard.hpp"

using namespace litestage;
using test::decode_step, test::in_decode, test::in_prefill, test::skipped;
using Indices = std::vector<int>;

namespace {

constexpr RequestInfo recall{3, 0, "recall", 64};

// A model of three layers; the order of selection is m1, then a0, a2, m2 (all .75: attention first, then the lower
// layer), a1, m0.
skip::AdaSkip example(int count, OnlineSkip online = OnlineSkip::off) {
  //                  a0     m0      a1    m1       a2     m2
  return {
      count, {0.75f, 0.125f, 0.5f, 0.875f, 0.75f, 0.75f}, {1.5f, 1.25f, 2.0f, 1.75f, 0.5f, 3.0f}, Phases::both, online};
}

// What the engine would report of one decode step, with this cosine for every MLP that ran.
void observe_step(const skip::AdaSkip& policy, skip::AdaSkip::State& state, int step, float cosine, float ratio) {
  for (int i = 0; i < 6; ++i) {
    if (policy.decide(state, decode_step(step), Sublayer::at(i)).skip) continue;
    SublayerStats m;
    m.cosine = i % 2 == 1 ? cosine : 1;  // attention never joins, however similar
    m.norm_ratio = ratio;
    policy.observe(state, decode_step(step), Sublayer::at(i), m);
  }
}

// The sub-layers skipped in steps 19 and 20, after steps of these cosines in turn.
std::vector<Indices> around_step_20(const skip::AdaSkip& policy, float even, float odd) {
  auto state = policy.begin(recall);
  for (int step = 0; step < 19; ++step) observe_step(policy, state, step, step % 2 == 0 ? even : odd, 1);
  std::vector<Indices> result = {skipped(policy, state, decode_step(19), 3)};
  observe_step(policy, state, 19, odd, 1);
  result.push_back(skipped(policy, state, decode_step(20), 3));
  return result;
}

}  // namespace

TEST_CASE("ada skip: the most similar go first; ties go to attention, then to the lower layer") {
  CHECK(example(6).skipped_sublayers(3) == Indices{3, 0, 4, 5, 2, 1});
  CHECK(example(0).skipped_sublayers(3).empty());
  for (const StepInfo step : {in_prefill, in_decode}) {
    CHECK(skipped(example(0), step, recall).empty());
    CHECK(skipped(example(3), step, recall) == Indices{0, 3, 4});
    CHECK(skipped(example(4), step, recall) == Indices{0, 3, 4, 5});
  }
}

TEST_CASE("ada skip: the ratio of a skipped sub-layer scales the stream, and nothing goes in the cache") {
  const skip::AdaSkip policy = example(3);
  const auto state = policy.begin(recall);
  CHECK(policy.decide(state, in_decode, Sublayer::at(0)) == SkipDecision{true, 1.5f, KvOnSkip::none});
  CHECK(policy.decide(state, in_prefill, Sublayer::at(3)) == SkipDecision{true, 1.75f, KvOnSkip::none});
  CHECK(policy.decide(state, in_prefill, Sublayer::at(2)) == SkipDecision{});
  skip::AdaSkip decoding = example(3);
  decoding.phase = Phases::decode;
  CHECK(skipped(decoding, in_prefill, recall).empty());
  CHECK(skipped(decoding, in_decode, recall) == Indices{0, 3, 4});
}

TEST_CASE("ada skip: it reads statistics only while it looks for more to skip") {
  CHECK(stats_read(example(3)) == Stat::none);
  CHECK(stats_read(skip::Standard(example(3))) == Stat::none);
  CHECK(stats_read(skip::Standard(example(3, OnlineSkip::intended))) == (Stat::cosine | Stat::norm_ratio));
  CHECK(stats_read(example(3, OnlineSkip::as_released)) == (Stat::cosine | Stat::norm_ratio));
  CHECK(around_step_20(example(3), 1, 1) == std::vector<Indices>{{0, 3, 4}, {0, 3, 4}});
}

TEST_CASE("ada skip online: MLPs join after 20 decode steps if as similar as the least similar that was chosen") {
  const skip::AdaSkip policy = example(3, OnlineSkip::intended);  // the third: .75
  const std::vector<Indices> joins = {{0, 3, 4}, {0, 1, 3, 4, 5}}, stays = {{0, 3, 4}, {0, 3, 4}};
  CHECK(around_step_20(policy, 0.75f, 0.75f) == joins);
  CHECK(around_step_20(policy, 0.5f, 1) == joins);  // the mean of ten and ten
  CHECK(around_step_20(policy, 0.5f, 0.875f) == stays);
  CHECK(around_step_20(policy, 0.75f, std::numeric_limits<float>::quiet_NaN()) == stays);
  // With every sub-layer as the bar, the least similar of all sets it; with none, nothing does.
  CHECK(around_step_20(example(5, OnlineSkip::intended), 0.5f, 0.5f).back() == Indices{0, 1, 2, 3, 4, 5});
  CHECK(around_step_20(example(0, OnlineSkip::intended), 1, 1).back().empty());
}

TEST_CASE("ada skip online: who joins is scaled by its own mean ratio, and stays whatever comes later") {
  const skip::AdaSkip policy = example(3, OnlineSkip::intended);
  auto state = policy.begin(recall);
  for (int step = 0; step < 20; ++step) observe_step(policy, state, step, 0.875f, step < 10 ? 1.0f : 2.0f);
  CHECK(policy.decide(state, decode_step(20), Sublayer::at(1)) == SkipDecision{true, 1.5f, KvOnSkip::none});
  for (int step = 20; step < 60; ++step) observe_step(policy, state, step, -1, 9);
  CHECK(policy.decide(state, decode_step(60), Sublayer::at(5)) == SkipDecision{true, 1.5f, KvOnSkip::none});
  CHECK(!policy.decide(state, in_prefill, Sublayer::at(5)).skip);
  auto late = policy.begin(recall);
  for (int step = 0; step < 60; ++step) observe_step(policy, late, step, step < 20 ? 0.5f : 1.0f, 1);
  CHECK(skipped(policy, late, decode_step(60), 3) == Indices{0, 3, 4});  // similar only after the 20 steps
}

TEST_CASE("ada skip online: prefill does not count, and a request begins afresh") {
  const skip::AdaSkip policy = example(3, OnlineSkip::intended);
  auto state = policy.begin(recall);
  for (int i = 0; i < 40; ++i) {
    SublayerStats m;
    m.cosine = m.norm_ratio = 1;
    policy.observe(state, in_prefill, Sublayer{Unit::mlp, 0}, m);
  }
  CHECK(skipped(policy, state, decode_step(20), 3) == Indices{0, 3, 4});
  for (int step = 0; step < 20; ++step) observe_step(policy, state, step, 1, 1);
  CHECK(skipped(policy, state, decode_step(20), 3) == Indices{0, 1, 3, 4, 5});
  CHECK(skipped(policy, policy.begin(recall), decode_step(20), 3) == Indices{0, 3, 4});
}

TEST_CASE("ada skip as released: the bar is 1, so that nothing joins that would as intended") {
  const std::vector<Indices> stays = {{0, 3, 4}, {0, 3, 4}};
  CHECK(around_step_20(example(3, OnlineSkip::as_released), 0.75f, 0.75f) == stays);
  CHECK(around_step_20(example(3, OnlineSkip::as_released), 0.9999999f, 0.9999999f) == stays);
  CHECK(around_step_20(example(3, OnlineSkip::as_released), 1, 1).back() == Indices{0, 1, 3, 4, 5});
}

TEST_CASE("ada skip: without a calibration of this model nothing begins") {
  const auto refused = [](const skip::AdaSkip& policy) {
    return test::error_of([&] { static_cast<void>(policy.begin(recall)); });
  };
  CHECK(refused({}) ==
        "skip policy ada_skip, similarity: found 0 values, expected 6, one to each sub-layer of this model (the "
        "program calibrate measures them)");
  skip::AdaSkip policy = example(3);
  policy.similarity.push_back(0);
  CHECK(refused(policy).find("ada_skip, similarity: found 7 values, expected 6") != std::string::npos);
  policy = example(3);
  policy.ratio.pop_back();
  CHECK(refused(policy).find("ada_skip, ratio: found 5 values, expected 6") != std::string::npos);
  CHECK(refused(example(7)) == "skip policy ada_skip, count: found 7, expected 0 to 6 of this model's sub-layers");
  CHECK(refused(example(6)) == "no error");
}
