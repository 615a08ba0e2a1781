// Launches kernels on a CUDA device from host code:
//     kernels::cuda::launch<RmsNorm<GemmType::f16>>(stream, grid, params);
// A host compiler sees only declarations and needs no CUDA header; the kernels that instances.cuh lists are compiled
// into the library litestage::cuda. A .cu file can launch any kernel.
#pragma once

#include <cstddef>

#include "litestage/core/error.hpp"
#include "litestage/kernels/simt.cuh"

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#endif

namespace litestage::kernels::cuda {

// Dynamic shared memory that a block can use without a call of allow_shared.
inline constexpr std::size_t common_shared_bytes = std::size_t{48} * 1024;

// Launches the kernel into the stream (a cudaStream_t) of the current device without waiting for it. Throws Error with
// the kernel's name if the launch is refused. A failure of the kernel itself is reported by the next call that
// synchronises.
template <Kernel K>
void launch(void* stream, const Grid& grid, const typename K::Params& params);

#if defined(__CUDACC__)

template <Kernel K>
void check(cudaError_t result, const char* what) {
  if (result == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // clears the error, which the next launch would report again
  throw Error(concat("CUDA kernel ", K::name, ": ", what, ": ", cudaGetErrorString(result)));
}

// Must be called before a launch with more than common_shared_bytes. Raises the kernel's limit on the current device to
// the device's maximum and never lowers it, so that two threads cannot lower it for each other.
template <Kernel K>
void allow_shared(std::size_t bytes) {
  if (bytes <= common_shared_bytes) return;
  int device = 0, most = 0;
  check<K>(cudaGetDevice(&device), "no device");
  check<K>(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "shared memory");
  if (bytes > static_cast<std::size_t>(most)) {
    throw Error(concat("CUDA kernel ", K::name, ": needs ", bytes,
                       " bytes of shared memory, and a block of this device ", "has ", most));
  }
  check<K>(cudaFuncSetAttribute(entry<K>, cudaFuncAttributeMaxDynamicSharedMemorySize, most), "shared memory");
}

template <Kernel K>
void launch(void* stream, const Grid& grid, const typename K::Params& params) {
  const std::size_t shared = K::shared_bytes(params);
  allow_shared<K>(shared);
  entry<K><<<dim3(grid.x, grid.y, grid.z), K::threads, shared, static_cast<cudaStream_t>(stream)>>>(params);
  check<K>(cudaGetLastError(), "launch");
}

#endif

}  // namespace litestage::kernels::cuda
