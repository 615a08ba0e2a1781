// Every family in every weight type, from GGUF files and from folders, on the emulated device: the whole text at once
// through products of cuBLAS, and models from GGUF files also row by row through our own kernels, which takes most of
// the time; whether a weight came from a file or a folder, they cannot tell. docs/models.md has the table of what was
// compared.
#include <doctest/doctest.h>

#include <vector>

#include "common/family_models.hpp"
#include "common/rounding_bound.hpp"
#include "litestage/backend/gpu/device/emulated_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

// All types, but kernels for one input at a time only, to save compile time.
class AllTypes : public gpu::EmulatedRuntime {
 public:
  using EmulatedRuntime::EmulatedRuntime;
  template <unsigned n>
  static constexpr bool has_columns = n == 1;
};
using AllTypesBackend = GpuBackend<AllTypes>;

[[nodiscard]] Results<AllTypesBackend> gpu_logits(const FamilyModel& m, const Steps& steps, const GpuOptions& options) {
  AllTypesBackend backend(options, kernels::emulator::Schedule{}, false);
  const auto model = load(backend, m.source);
  Session<AllTypesBackend> session(backend, model, {1, 64, KvType::f32});
  return run(session, tested_text(m), steps, false);
}

}  // namespace

TEST_CASE("gpu tested models: every family in every weight type") {
  TestedModels tested;
  GpuOptions through_cublas;
  through_cublas.gemm_from_rows = 1;
  through_cublas.gemm_type = kernels::GemmType::bf16;
  with_family_models([&](const FamilyModel& m) {
    CAPTURE(m.name);
    const std::vector<Sequence> text = tested_text(m);
    const Steps single = one_by_one(text), whole = in_chunks(text, 100);
    if (m.name.starts_with("gguf")) {
      CHECK(within(gpu_logits(m, single, {}), bounded(m.source, KvType::f32, text, single, kernel_rounding, 8)));
    }
    CHECK(within(gpu_logits(m, whole, through_cublas), bounded(m.source, KvType::f32, text, whole, bf16_rounding, 8)));
    tested.add(m.name, "gpu");
  });
  tested.write();
}
