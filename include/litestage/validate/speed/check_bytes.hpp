// Compares the bytes from which kernel speeds are computed (launch_work.hpp) with those counted by the emulated device,
// and checks that the measured steps launch every kernel.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "litestage/kernels/instances.cuh"
#include "litestage/validate/small_config.hpp"
#include "litestage/validate/speed/kernels_of_step.hpp"
#include "litestage/validate/synthetic_model.hpp"

namespace litestage::kernels {

// The names of all kernels in the library litestage::cuda.
[[nodiscard]] inline std::set<std::string> all_names() {
#define LITESTAGE_NAME(...) std::string(__VA_ARGS__::name),
  return {LITESTAGE_KERNELS_OF_TYPE(LITESTAGE_NAME, f32) LITESTAGE_QKV_KERNELS(LITESTAGE_NAME, 1)
              LITESTAGE_CACHE_KERNELS(LITESTAGE_NAME, float) LITESTAGE_ROW_KERNELS(LITESTAGE_NAME)};
#undef LITESTAGE_NAME
}

}  // namespace litestage::kernels

namespace litestage::validation {

struct KernelBytes {
  std::string kernel, of;
  double said = 0, counted = 0;  // bytes of a launch: by LaunchWork, and counted by the emulated device

  // The device counts whole sectors of 32 bytes, and also row numbers and counters, which LaunchWork leaves out.
  [[nodiscard]] bool passed() const { return std::abs(counted - said) <= 0.03 * said + 8 * 32; }
};
struct BytesCheck {
  std::vector<KernelBytes> kernels;
  std::set<std::string> never_launched;

  [[nodiscard]] bool passed() const {
    for (const KernelBytes& k : kernels) {
      if (!k.passed()) return false;
    }
    return never_launched.empty();
  }
};

// A small model whose steps launch every kernel: one layer has post-norms and the other has none, logits are capped,
// and a row of them takes two blocks of statistics.
[[nodiscard]] inline ModelSource model_of_all_kernels(DType type) {
  ModelConfig config = small_config(type);
  config.vocab = 5000;
  config.logit_softcap = 2;
  ModelSource source = synthetic_model(config, type, has_head_norms(type), true);
  source.tensors.layers[1].attention_post_norm = source.tensors.layers[1].mlp_post_norm = {};
  return source;
}

// R: an emulated device that checks accesses, because only such a device counts them.
template <ListedRuntime R>
[[nodiscard]] BytesCheck check_bytes(GpuBackend<R>& backend, const ModelSource& source, int context, int prompt) {
  const auto model = load(backend, source);
  BytesCheck check;
  check.never_launched = kernels::all_names();
  for (const NamedStep& s : steps_of_all_kernels(source.config, context, prompt)) {
    RepeatedStep<GpuBackend<R>> step(backend, model, s.setting);
    for (const KernelOfStep& k : kernels_of_step(backend, step)) {
      check.never_launched.erase(k.kernel);
      const bool counted_before =
          std::any_of(check.kernels.begin(), check.kernels.end(),
                      [&](const KernelBytes& other) { return other.kernel == k.kernel && other.of == k.work.of; });
      if (k.kernel == "gemm" || counted_before) continue;  // gemm: not one of our kernels
      static_cast<void>(backend.runtime().take_traffic());
      k.launch_all();
      const auto traffic = backend.runtime().take_traffic();
      const auto launches = static_cast<double>(k.again.size());
      const auto counted = static_cast<double>(traffic.distinct_loaded + traffic.distinct_stored);
      check.kernels.push_back({k.kernel, k.work.of, k.work.bytes, counted / launches});
    }
  }
  return check;
}

}  // namespace litestage::validation
