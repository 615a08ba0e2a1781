// Kernels for 1, 2, 4, 8 and 16 inputs, as on a GPU. The emulated devices of other tests have only some of them,
// because all take long to compile.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "common/sequences.hpp"
#include "litestage/backend/gpu/device/emulated_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

class AllColumns : public gpu::EmulatedRuntime {
 public:
  using EmulatedRuntime::EmulatedRuntime;
  template <DType type>
  static constexpr bool has_type = type == DType::q8_0;
  template <unsigned n>
  static constexpr bool has_columns = n == 1 || n == 2 || n == 4 || n == 8 || n == 16;
};
using Gpu = GpuBackend<AllColumns>;

}  // namespace

TEST_CASE("gpu columns: steps of 1 to 17 rows write the bits of one row at a time, each with kernels for so many") {
  const ModelConfig config = tiny_config(DType::q8_0);
  const ModelSource source = tiny_model(config, {.seed = 4, .dtype = DType::q8_0});
  constexpr std::size_t most = 17;
  Random random(5);
  std::vector<Sequence> sequences;
  for (std::size_t s = 0; s < most; ++s) sequences.push_back(random_sequence(random, config, 2));
  GpuOptions own;
  own.gemm_from_rows = 1000;
  Gpu backend(own, kernels::emulator::Schedule{}, true);
  const auto model = load(backend, source);
  const auto results = [&](std::size_t rows) {
    Steps steps;
    for (std::size_t first = 0; first < most; first += rows) {
      for (std::size_t t = 0; t < 2; ++t) {
        steps.emplace_back();
        for (std::size_t s = first; s < std::min(first + rows, most); ++s) steps.back().push_back({s, t});
      }
    }
    Session<Gpu> session(backend, model, {most, 2, KvType::f16});
    return run(session, sequences, steps);
  };
  const auto alone = results(1);
  for (std::size_t rows = 2; rows <= most; ++rows) {
    CAPTURE(rows);
    CHECK(results(rows) == alone);
  }
}
