// All layers of a real model on the emulated device, against the reference. Needs smollm2-135m in $LITESTAGE_MODELS.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/sequences.hpp"
#include "gpu/emulated_backend.hpp"
#include "gpu/rounding_bound.hpp"
#include "litestage/io/load_model.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("gpu: SmolLM2 with all its layers") {
  const char* folder = std::getenv("LITESTAGE_MODELS");
  const std::string path = std::string(folder == nullptr ? "." : folder) + "/smollm2-135m.gguf";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no ", path);
    return;
  }
  const ModelSource source = io::load_model(path);
  // "The capital of France": teacher-forced, in one step.
  const std::vector<Sequence> sequences{
      under(Decisions(static_cast<std::size_t>(2 * source.config.n_layers)), {504, 3575, 282, 4649})};
  const Steps steps = in_chunks(sequences, 4);
  const Bounded expected = bounded(source, KvType::f16, sequences, steps, kernel_rounding, 4);
  EmulatedBackend backend({}, kernels::emulator::Schedule{}, false);
  const auto model = load(backend, source);
  Session<EmulatedBackend> session(backend, model, {1, 64, KvType::f16});
  const auto found = run(session, sequences, steps, false);
  CHECK(within(found, expected));
  // The likeliest token is the same wherever its lead is more than twice the bound.
  const auto vocab = static_cast<std::ptrdiff_t>(source.config.vocab);
  for (std::size_t t = 0; t < 4; ++t) {
    const auto& exact = expected.exact[0][t];
    const auto best = std::max_element(exact.begin(), exact.begin() + vocab) - exact.begin();
    const double bound = *std::max_element(expected.bound[0][t].begin(), expected.bound[0][t].begin() + vocab);
    const auto found_best = std::max_element(found[0][t].begin(), found[0][t].begin() + vocab) - found[0][t].begin();
    const double lead = exact[static_cast<std::size_t>(best)] - exact[static_cast<std::size_t>(found_best)];
    CHECK(lead <= 2 * bound);
  }
}
