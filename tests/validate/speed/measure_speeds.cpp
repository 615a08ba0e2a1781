// Measurements: how often work is repeated, which layers are skipped, and how a step is repeated. No duration is
// asserted.
#include "litestage/validate/speed/measure_speeds.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/validate/small_config.hpp"
#include "litestage/validate/synthetic_model.hpp"

using namespace litestage;
using namespace litestage::validation;

TEST_CASE("measurements: work is called twice as often until keep_going ends it, with one wait a round") {
  int calls = 0, waits = 0;
  CheckProgress progress;
  progress.keep_going = [&] { return waits < 5; };
  CHECK_THROWS_AS(static_cast<void>(seconds_each([&] { ++calls; }, [&] { ++waits; }, 1e9, progress)), Stopped);
  CHECK(waits == 5);
  CHECK(calls == 1 + 1 + 2 + 4 + 8);
  CHECK(seconds_each([&] { ++calls; }, [] {}, 0, {}) >= 0);
}

TEST_CASE("measurements: skipped layers are whole, and at even distances") {
  CHECK(skip_layers(4, 0) == Decisions(8));
  const Decisions half = skip_layers(4, 2);
  std::vector<bool> skipped;
  for (const SkipDecision& d : half) skipped.push_back(d.skip);
  CHECK(skipped == std::vector<bool>{false, false, true, true, false, false, true, true});
}

TEST_CASE("measurements: a repeated step has the same logits every time") {
  ReferenceBackend backend;
  const ModelConfig config = small_config(DType::f32);
  const auto model = load(backend, synthetic_model(config, DType::f32));
  for (const StepSetting& setting : {token_at(5), token_of_each(2, 3), whole_prompt(4)}) {
    RepeatedStep<ReferenceBackend> step(backend, model, setting);
    step();
    const std::vector<double> first = step.logits();
    CHECK(first.size() == static_cast<std::size_t>(config.vocab));
    step();
    CHECK(step.logits() == first);
  }
}
