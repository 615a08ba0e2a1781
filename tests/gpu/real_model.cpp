// All layers of a real model on the emulated device, against the reference. Needs smollm2-135m in $LITESTAGE_MODELS.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "common/rounding_bound.hpp"
#include "common/sequences.hpp"
#include "gpu/emulated_backend.hpp"
#include "litestage/io/gguf/model_source.hpp"

using namespace litestage;
using namespace litestage::test;

TEST_CASE("gpu: SmolLM2 with all its layers") {
  const char* folder = std::getenv("LITESTAGE_MODELS");
  const std::string path = std::string(folder == nullptr ? "." : folder) + "/smollm2-135m.gguf";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no ", path);
    return;
  }
  const ModelSource source = io::read_model_source(path);
  // "one two three one": teacher-forced, in one step. What follows is beyond doubt.
  const std::vector<Sequence> sequences{
      under(Decisions(static_cast<std::size_t>(2 * source.config.n_layers)), {537, 827, 1296, 582})};
  const Steps steps = in_chunks(sequences, 4);
  const Bounded expected = bounded(source, KvType::f16, sequences, steps, kernel_rounding, 4);
  EmulatedBackend backend({}, kernels::emulator::Schedule{}, false);
  const auto model = load(backend, source);
  Session<EmulatedBackend> session(backend, model, {1, 64, KvType::f16});
  const auto found = run(session, sequences, steps, false);
  CHECK(within(found, expected));
  const Likeliest tokens = likeliest(found, expected, source.config.vocab);
  CHECK(tokens.same == tokens.decided);
  CHECK(tokens.decided > 0);
}
