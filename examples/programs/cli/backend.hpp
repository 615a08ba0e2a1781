// The backend that --backend names.
#pragma once

#include <memory>
#include <string>

#include "cli/terminal/thread_words.hpp"
#include "litestage/backend/cpu/cpu_backend.hpp"
#include "litestage/backend/reference/reference_backend.hpp"
#include "litestage/core/error.hpp"

#if defined(LITESTAGE_WITH_CUDA)
#include "litestage/backend/gpu/device/cuda_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"
#endif

namespace litestage::cli {

// Calls f(a shared pointer to the `cpu` backend). Warns first if the system refused threads.
template <class F>
auto with_cpu(int threads, bool pack, const F& f) {
  const auto backend = std::make_shared<CpuBackend>(CpuOptions{threads, pack});
  tell_of_refused_threads(*backend);
  return f(backend);
}

// Calls f(a shared pointer to the backend of this name). Warns first if the system refused threads.
template <class F>
auto with_backend(const std::string& name, int threads, bool pack, const F& f) {
  if (name == "reference") {
    const auto backend = std::make_shared<ReferenceBackend>(threads);
    tell_of_refused_threads(*backend);
    return f(backend);
  }
  if (name == "gpu") {
#if defined(LITESTAGE_WITH_CUDA)
    return f(std::make_shared<GpuBackend<gpu::CudaRuntime>>());
#else
    throw Error("--backend gpu: this program was built without CUDA, expected cpu or reference");
#endif
  }
  return with_cpu(threads, pack, f);
}

}  // namespace litestage::cli
