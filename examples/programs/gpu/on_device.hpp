// What is checked on a CUDA device. Only where the program is built with CUDA.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <string>

#include "gpu/listed.hpp"
#include "gpu/report.hpp"
#include "litestage/backend/gpu/cuda_runtime.hpp"

namespace litestage::gpu_check {

using CudaBackend = GpuBackend<Listed<gpu::CudaRuntime>>;

[[nodiscard]] inline Device find_device(int number) {
  Device device{gpu::CudaRuntime(number).device(), 0};
  int bytes = 0;
  gpu::detail::check_cuda(cudaDeviceGetAttribute(&bytes, cudaDevAttrL2CacheSize, number), "cudaDeviceGetAttribute");
  device.cache_bytes = static_cast<std::size_t>(bytes);
  return device;
}

// Every weight type with both types of keys and values. note(what) is told what comes next.
template <class Make, class Note>
void check_all_kernels(Report& report, const Make& make, const Note& note) {
  constexpr std::array row_counts = {2, 3, 8, 16};
  const KernelWork work{300, row_counts};  // three chunks of attention, ten tiles
  for (const DTypeInfo& type : dtype_table) {
    for (const KvType kv : {KvType::f16, KvType::f32}) {
      note(concat("checking ", type.name, ", K/V in ", name(kv)));
      report.kernels.push_back(check_kernels(make, type.type, kv, work));
    }
  }
  note("checking statistics of logits");
  report.stats = check_token_stats(make, 20000);
  note("checking recorded steps");
  report.replays = check_replays(make, DType::q4_k, 600);
}

}  // namespace litestage::gpu_check
