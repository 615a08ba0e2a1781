// The functions of the CUDA runtime that gpu::CudaRuntime calls, on the host's memory, with faults to order: what that
// class does with them is seen where there is no GPU. Kernels cannot be launched.
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

  // Work waits here until the stream is waited for: a device may take as long.
  std::vector<std::function<void()>> stream;
  bool capturing = false;
  cudaError_t unread_error = cudaSuccess;                     // what cudaGetLastError will say
  int blocks = 0, graphs = 0, ready_graphs = 0, streams = 0;  // that are not given back
  int waits = 0, launched_graphs = 0;
};

// As a process finds it; all calls go there.
[[nodiscard]] FakeCuda& fake_cuda();

}  // namespace litestage::test
