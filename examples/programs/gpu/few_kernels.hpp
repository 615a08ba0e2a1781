// The gpu backend on the emulated device, which validate_gpu checks if there is no GPU. It has the kernels of only a
// few types, because compiling all of them takes minutes.
#pragma once

#include "litestage/backend/gpu/device/emulated_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"
#include "litestage/validate/speed/listed_runtime.hpp"

namespace litestage::gpu_check {

class FewKernels : public gpu::EmulatedRuntime {
 public:
  using EmulatedRuntime::EmulatedRuntime;
  template <DType type>
  static constexpr bool has_type = type == DType::f32 || type == DType::q8_0 || type == DType::q4_k;
  template <unsigned n>
  static constexpr bool has_columns = n == 1 || n == 16;
};
using FewKernelsBackend = GpuBackend<validation::Listed<FewKernels>>;

inline constexpr DType emulated_types[] = {DType::f32, DType::q8_0, DType::q4_k};
inline constexpr int emulated_row_counts[] = {3, 16};

[[nodiscard]] inline FewKernelsBackend emulated_backend(const GpuOptions& options) {
  return FewKernelsBackend(options, kernels::emulator::Schedule{}, false);
}
// Checks and counts accesses to memory, which is slower.
[[nodiscard]] inline FewKernelsBackend counting_backend() {
  return FewKernelsBackend(GpuOptions{}, kernels::emulator::Schedule{}, true);
}

}  // namespace litestage::gpu_check
