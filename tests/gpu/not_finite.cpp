// Numbers that are not finite on the gpu backend: keys and values that are too large for the cache's type, stored by
// our own kernels and after cuBLAS, logits, and replayed steps.
#include "litestage/engine/not_finite.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/broken_model.hpp"
#include "common/error_of.hpp"
#include "common/pipeline_setting.hpp"
#include "gpu/emulated_backend.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// The result of a prompt of three tokens in one step.
struct Outcome {
  bool finite = true;
  std::optional<int> layer;  // the layer with a key or value beyond F16
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

[[nodiscard]] Outcome outcome(const ModelSource& source, const GpuOptions& options, KvType kv,
                              const std::vector<int>& tokens = {3, 14, 15}, bool skip_all = false) {
  EmulatedBackend backend(options, Schedule{}, false);
  const auto model = load(backend, source);
  Session<EmulatedBackend> session(backend, model, {2, 16, kv});
  Decisions decisions(static_cast<std::size_t>(source.config.n_sublayers()));
  for (SkipDecision& d : decisions) d.skip = skip_all;
  std::vector<StepRow> rows;
  for (const int token : tokens) rows.push_back({token, 1, session.decisions().number_of(decisions), false});
  rows.back().wants_logits = true;
  session.step(rows);
  std::vector<TokenStats> stats(1);
  session.token_stats(stats, Signal::none);
  CHECK(session.cache().overflowed_layer(0) == std::nullopt);
  return {stats[0].finite, session.cache().overflowed_layer(1)};
}

// Products by our own kernels, and by cuBLAS.
[[nodiscard]] std::vector<GpuOptions> both_ways() {
  GpuOptions cublas;
  cublas.gemm_from_rows = 1;
  return {GpuOptions{}, cublas};
}

constexpr int bar = '|' - ' ';

}  // namespace

TEST_CASE("gpu, not finite: keys and values beyond F16 spoil the logits and are found; F32 holds them") {
  for (const GpuOptions& options : both_ways()) {
    for (const Stored what : {Stored::key, Stored::value}) {
      for (const DType dtype : {DType::f32, DType::q8_0}) {
        for (const float number : {9e4f, -9e4f}) {
          CHECK(outcome(storing(number, what, 1, dtype), options, KvType::f16) == Outcome{false, 1});
          CHECK(outcome(storing(number, what, 1, dtype), options, KvType::f32) == Outcome{});
        }
      }
      for (const float number : {65504.0f, -65519.99f}) {
        CHECK(outcome(storing(number, what), options, KvType::f16) == Outcome{});
      }
      for (const float number : {65520.0f, -65520.0f}) {
        CHECK(outcome(storing(number, what), options, KvType::f16) == Outcome{false, 1});
      }
      for (const float number :
           {1e5f, -1e5f}) {  // only the key or value of `bar`; both signs, since a query's is unknown
        CHECK(outcome(storing_of(bar, number, what), options, KvType::f16, {3, bar, 15}) == Outcome{false, 0});
        CHECK(outcome(storing_of(bar, number, what), options, KvType::f16) == Outcome{});
      }
    }
  }
}

TEST_CASE("gpu, not finite: logits that overflow are told, and no row is whose sub-layers were skipped") {
  for (const GpuOptions& options : both_ways()) {
    CHECK(outcome(overflowing(), options, KvType::f32) == Outcome{false, std::nullopt});
    CHECK(outcome(overflowing(), options, KvType::f16, {3, 14, 15}, true) == Outcome{});
    ModelSource source = three_layers();
    numbers(source.tensors.embedding)(15, 7) = 1e20f;  // whose square is no float
    CHECK(outcome(source, options, KvType::f16, {3, 14, 15}, true) == Outcome{false, std::nullopt});
    CHECK(outcome(source, options, KvType::f16, {3, 15, 14}, true) == Outcome{});
  }
}

TEST_CASE("gpu, not finite: a replayed step tells it too, with one copy to the host") {
  GpuOptions options;
  options.verify_replays = true;
  EmulatedBackend backend(options, Schedule{}, false);
  const auto model = load(backend, storing_of(bar, 1e5f, Stored::key));
  Session<EmulatedBackend> session(backend, model, {1, 64, KvType::f16});
  std::vector<TokenStats> stats(1);
  const std::vector<int> tokens{1, 2, 3, 4, 5, 6, bar, 8, 9};
  for (const int token : tokens) {
    session.step(std::vector<StepRow>{{token, 0, session.skip_nothing(), true}});
    static_cast<void>(backend.runtime().take_read_backs());
    session.token_stats(stats, Signal::max_prob);
    CHECK(backend.runtime().take_read_backs() == 1);
    CHECK(stats[0].finite == (session.cache().length(0) < 7));
  }
  CHECK(backend.replays() > 5);
  CHECK(session.cache().overflowed_layer(0) == 0);
  session.cache().truncate(0, 6);
  CHECK(session.cache().overflowed_layer(0) == std::nullopt);
}

TEST_CASE("gpu, not finite: a question ends in the sentence that it ends in on the CPU") {
  EmulatedBackend backend({}, Schedule{}, false);
  const auto said = [&](KvType kv) {
    const auto model = load(backend, storing(9e4f, Stored::value));
    const EndingTokenizer tokenizer;
    PipelineOptions options;
    options.kv = kv;
    Pipeline<EmulatedBackend, skip::Never, early_exit::Never, OneStage> pipeline({backend, model, tokenizer}, {}, {},
                                                                                 OneStage{{"only", 2, {}}}, options);
    return error_of([&] { static_cast<void>(pipeline.run(Question{"q7", "", {}})); });
  };
  CHECK(
      said(KvType::f16) ==
      "question q7, stage only: a key or value of layer 1 is too large for a K/V cache of F16, expected at most 65504 "
      "in magnitude; one of F32 holds it (--kv f32, KvType::f32)");
  CHECK(said(KvType::f32) == "no error");
}
