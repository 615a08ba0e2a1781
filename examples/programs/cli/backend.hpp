// The backend that --backend names.
#pragma once

#include <string>

#include "cli/thread_words.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/core/error.hpp"

#if defined(LITESTAGE_WITH_CUDA)
#include "litestage/backend/gpu/device/cuda_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"
#endif

namespace litestage::cli {

// f(backend) with the one of this name, after a word about threads that the system refused it.
template <class F>
auto with_backend(const std::string& name, int threads, bool pack, const F& f) {
  if (name == "reference") {
    ReferenceBackend backend(threads);
    tell_of_refused_threads(backend);
    return f(backend);
  }
  if (name == "gpu") {
#if defined(LITESTAGE_WITH_CUDA)
    GpuBackend<gpu::CudaRuntime> backend;
    return f(backend);
#else
    throw Error("--backend gpu: this program was built without CUDA; accepted are cpu and reference");
#endif
  }
  CpuBackend backend({threads, pack});
  tell_of_refused_threads(backend);
  return f(backend);
}

}  // namespace litestage::cli
