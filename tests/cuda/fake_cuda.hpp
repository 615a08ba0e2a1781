// Replacements of the CUDA functions that gpu::CudaRuntime calls, in host memory and with errors on request, so that
// the class can be tested without a GPU. Kernels cannot be launched.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <functional>
#include <vector>

namespace litestage::test {

struct FakeCuda {
  int devices = 1, major = 9, minor = 0;
  cudaError_t count_result = cudaSuccess, wait_result = cudaSuccess;
  std::size_t free_bytes = std::size_t{1} << 30;

  // Work that runs only when the stream is waited for, as late as a device may run it.
  std::vector<std::function<void()>> stream;
  bool capturing = false;
  cudaError_t unread_error = cudaSuccess;                     // the next result of cudaGetLastError
  int blocks = 0, graphs = 0, ready_graphs = 0, streams = 0;  // not yet released
  int waits = 0, launched_graphs = 0;
};

// The instance that all calls use.
[[nodiscard]] FakeCuda& fake_cuda();

}  // namespace litestage::test
