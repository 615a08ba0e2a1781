// The cost of a skip policy in every step: 60 decisions (30 layers) by a policy chosen at compile time and at run time,
// and the plan of the step. Bytes and FLOP are not counted.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/early_exit/never.hpp"
#include "litestage/engine/policy_calls.hpp"
#include "litestage/engine/segment.hpp"
#include "litestage/model/step_plan.hpp"
#include "litestage/settings/spec.hpp"
#include "litestage/skip/never.hpp"
#include "litestage/skip/standard.hpp"
#include "litestage/skip/static.hpp"

using namespace litestage;

namespace {

constexpr int n_layers = 30;
constexpr const char* six = "static:all=a3/m4-m8";  // skips six sub-layers

// In place of a calibration's result: every sub-layer is a little less similar than the one below it.
std::string calibrated(int count, const std::string& online) {
  std::string similarity, ratio;
  for (int u = 0; u < 2 * n_layers; ++u) {
    similarity += concat(u == 0 ? "" : "/", 1 - 0.01 * u);
    ratio += concat(u == 0 ? "" : "/", 1.01);
  }
  return concat("ada_skip:count=", count, ",online=", online, ",similarity=", similarity, ",ratio=", ratio);
}

template <class Policy>
Policy policy(const std::string& spec) {
  if constexpr (std::is_same_v<Policy, skip::Never>)
    return {};
  else
    return read_spec<Policy>(spec, "--skip");
}

template <class Policy>
void decide(benchmark::State& state, const std::string& spec, int expected) {
  const Policy p = policy<Policy>(spec);
  const typename Policy::State request = p.begin({n_layers, 0, "recall", 64});
  if (count_skipped(decide_all(p, request, {Phase::decode, 3}, n_layers)) != expected) std::abort();
  DecisionTable table;
  for (auto _ : state) {
    const int number = table.number_of(decide_all(p, request, {Phase::decode, 3}, n_layers));
    benchmark::DoNotOptimize(number);
  }
  state.SetItemsProcessed(state.iterations() * 2 * n_layers);
}
// The same through the interface by which the engine calls policies (engine/policy_calls.hpp).
template <class Policy>
void decide_through_calls(benchmark::State& state, const std::string& spec, int expected) {
  const Policy p = policy<Policy>(spec);
  const early_exit::Never exit;
  const std::unique_ptr<PolicyCalls> calls = calls_to(p, exit);
  calls->begin({n_layers, 0, "recall", 64}, 1);
  if (count_skipped(calls->decide(0, {Phase::decode, 3})) != expected) std::abort();
  DecisionTable table;
  for (auto _ : state) {
    const int number = table.number_of(calls->decide(0, {Phase::decode, 3}));
    benchmark::DoNotOptimize(number);
  }
  state.SetItemsProcessed(state.iterations() * 2 * n_layers);
}
constexpr auto calls_static = decide_through_calls<skip::Static>;
BENCHMARK_CAPTURE(calls_static, compile_time, six, 6);

constexpr auto decide_never = decide<skip::Never>, decide_static = decide<skip::Static>,
               decide_standard = decide<skip::Standard>;  // the macro takes no template arguments
BENCHMARK_CAPTURE(decide_never, compile_time, "", 0);
BENCHMARK_CAPTURE(decide_static, compile_time, six, 6);
BENCHMARK_CAPTURE(decide_standard, never, "never", 0);
BENCHMARK_CAPTURE(decide_standard, static_six, six, 6);
BENCHMARK_CAPTURE(decide_standard, early_exit_depth, "early_exit_depth:layers=3", 6);
BENCHMARK_CAPTURE(decide_standard, unified, "unified:layers=3", 6);
BENCHMARK_CAPTURE(decide_standard, skip_decode, "skip_decode:layers=3", 4);
BENCHMARK_CAPTURE(decide_standard, ada_skip, calibrated(6, "off"), 6);
BENCHMARK_CAPTURE(decide_standard, ada_skip_online, calibrated(6, "intended"), 6);
BENCHMARK_CAPTURE(decide_standard, lite_stage, "lite_stage:ranking=m8/m7/a3/m6/m5/m4/a2,recall=6", 6);

void plan(benchmark::State& state) {
  const auto batch = static_cast<int>(state.range(0));
  KvIndex index(static_cast<std::size_t>(batch), n_layers, 256);
  DecisionTable table;
  std::vector<StepRow> rows;
  for (int b = 0; b < batch; ++b) {
    Decisions d(2 * n_layers);
    d[static_cast<std::size_t>(b % 7)].skip = true;  // rows of one step disagree
    rows.push_back({1, b, table.number_of(d), true});
  }
  StepPlan plan;
  for (auto _ : state) {
    for (int b = 0; b < batch; ++b) index.truncate(b, 0);
    make_plan(plan, index, table, n_layers, rows, Stat::none);
    benchmark::DoNotOptimize(plan.ints.data());
  }
  if (plan.sublayers.size() != 2 * n_layers || plan.sublayers[59].n != static_cast<std::size_t>(batch)) std::abort();
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(plan)->ArgName("rows")->Arg(1)->Arg(16)->Arg(64);

}  // namespace
