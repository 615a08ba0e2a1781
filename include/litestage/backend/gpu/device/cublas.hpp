// cuBLAS, loaded with dlopen for the first product, so that a program that is built with CUDA also starts on a machine
// without cuBLAS.
#pragma once

#include <cublas_v2.h>
#include <dlfcn.h>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>

#include "litestage/backend/gpu/device/gemm.hpp"
#include "litestage/core/error.hpp"

namespace litestage::gpu {

class Cublas {
 public:
  // Products are launched into `stream` and use `workspace`, which is device memory: so they allocate nothing, and
  // cuBLAS picks the same algorithm every time.
  Cublas(cudaStream_t stream, void* workspace, std::size_t workspace_bytes) : library_(open()) {
    find(create_, "cublasCreate_v2");
    find(destroy_, "cublasDestroy_v2");
    find(set_stream_, "cublasSetStream_v2");
    find(set_workspace_, "cublasSetWorkspace_v2");
    find(gemm_, "cublasGemmEx");
    find(status_text_, "cublasGetStatusString");
    cublasHandle_t handle = nullptr;
    check(create_(&handle), "cublasCreate");
    handle_ = Handle(handle, destroy_);
    check(set_stream_(handle, stream), "cublasSetStream");
    check(set_workspace_(handle, workspace, workspace_bytes), "cublasSetWorkspace");
  }

  void run(const Gemm& g) {
    const auto operation = [](bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; };
    LITESTAGE_ASSERT(g.type != kernels::GemmType::f32, "expected f16 or bf16: f32 is for checks on the host");
    const cudaDataType_t type = g.type == kernels::GemmType::f16 ? CUDA_R_16F : CUDA_R_16BF;
    // CUBLAS_COMPUTE_32F: sums in float. The faster modes round more.
    check(gemm_(handle_.get(), operation(g.transpose_a), operation(g.transpose_b), g.m, g.n, g.k, &g.alpha, g.a, type,
                g.lda, g.b, type, g.ldb, &g.beta, g.c, CUDA_R_32F, g.ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  }

 private:
  using Handle = std::unique_ptr<std::remove_pointer_t<cublasHandle_t>, decltype(&::cublasDestroy_v2)>;
  // The type of cublasGemmEx, written out because the name is overloaded in C++.
  using GemmEx = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
                                    const void*, cudaDataType, int, const void*, cudaDataType, int, const void*, void*,
                                    cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);

  [[nodiscard]] static void* open() {
    std::string reasons;
    for (const char* name : {"libcublas.so.13", "libcublas.so.12"}) {
      if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
      const char* reason = ::dlerror();
      reasons += concat(reasons.empty() ? "" : "; ", reason == nullptr ? name : reason);
    }
    throw Error(concat("cuBLAS, which steps of many tokens need, cannot be loaded: ", reasons));
  }
  template <class F>
  void find(F& function, const char* name) {
    function = reinterpret_cast<F>(::dlsym(library_, name));
    if (function == nullptr) throw Error(concat("cuBLAS has no function ", name));
  }
  void check(cublasStatus_t status, const char* call) const {
    if (status != CUBLAS_STATUS_SUCCESS) throw Error(concat(call, ": ", status_text_(status)));
  }

  void* library_;  // never closed: other code of the program may use it too
  decltype(&::cublasCreate_v2) create_ = nullptr;
  decltype(&::cublasDestroy_v2) destroy_ = nullptr;
  decltype(&::cublasSetStream_v2) set_stream_ = nullptr;
  decltype(&::cublasSetWorkspace_v2) set_workspace_ = nullptr;
  GemmEx gemm_ = nullptr;
  decltype(&::cublasGetStatusString) status_text_ = nullptr;
  Handle handle_{nullptr, nullptr};
};

}  // namespace litestage::gpu
