// A runtime: memory, kernel launches, matrix products, and recordings of launches and products. There are two,
// CudaRuntime and EmulatedRuntime, so that the backend's own code is the same on a GPU and in tests.
//
// Calls return before their work is done. Work is done in the order of the calls; only copy_to_host waits for it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "litestage/backend/gpu/device/gemm.hpp"
#include "litestage/kernels/rows/rms_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::gpu {

struct DeviceFacts {
  std::string name;          // "NVIDIA H100 80GB HBM3", "emulated"
  int major = 0, minor = 0;  // compute capability
  unsigned multiprocessors = 1;
  std::size_t shared_bytes = 48 << 10;  // the most shared memory that a block can have
  std::size_t memory_bytes = 0;         // all of its memory
  std::size_t cache_bytes = 0;          // level-2 cache; 0: unknown
  double peak_bytes_per_second = 0;     // bandwidth of its memory; 0: unknown
};

template <class R>
concept Runtime = requires(R& r, const R& cr, void* memory, const void* host, std::size_t n, const Gemm& gemm,
                           typename R::Recording& recording) {
  // Which instances of the product kernels exist: those for weights of this type, and those for up to this number of
  // inputs. Instances for 1 and for 16 inputs always exist.
  { R::template has_type<DType::f32> } -> std::convertible_to<bool>;
  { R::template has_columns<1> } -> std::convertible_to<bool>;
  { cr.device() } -> std::convertible_to<const DeviceFacts&>;
  cr.expect_free(n);                         // throws Error if less than n bytes are free
  { r.allocate(n) } -> std::same_as<void*>;  // throws Error with the bytes asked for and the bytes that are free
  r.release(memory);
  r.zero(memory, n);
  r.copy_to_device(memory, host, n);  // the caller may overwrite the host's memory when the call returns
  r.copy_to_host(memory, host, n);    // waits for all work before it
  r.template launch<kernels::ScaleRows>(kernels::Grid{}, kernels::ScaleRows::Params{});
  r.gemm(gemm);
  // Between these two calls launches and products are recorded instead of run, and nothing may allocate memory.
  r.begin_recording();
  { r.end_recording() } -> std::same_as<typename R::Recording>;
  { r.abandon_recording() }
  noexcept;  // instead of end_recording, after an error
  r.replay(recording);
};

// Records the launches and products of `work`. If `work` throws, nothing is recorded and its error is passed on.
template <Runtime R, class Work>
[[nodiscard]] typename R::Recording record(R& runtime, const Work& work) {
  runtime.begin_recording();
  try {
    work();
  } catch (...) {
    runtime.abandon_recording();
    throw;
  }
  return runtime.end_recording();
}

}  // namespace litestage::gpu
