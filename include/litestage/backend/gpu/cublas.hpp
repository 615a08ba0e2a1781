// cuBLAS, loaded when the first product is asked for: a program that is built with CUDA starts where there is none.
#pragma once

#include <cublas_v2.h>
#include <dlfcn.h>

#include <string>

#include "litestage/backend/gpu/runtime.hpp"
#include "litestage/core/error.hpp"

namespace litestage::gpu {

class Cublas {
 public:
  // Its products go into this stream, and use `workspace` of the device's memory, so that they allocate nothing and
  // take the same way every time.
  Cublas(cudaStream_t stream, void* workspace, std::size_t workspace_bytes) : library_(open()) {
    find(create_, "cublasCreate_v2");
    find(destroy_, "cublasDestroy_v2");
    find(set_stream_, "cublasSetStream_v2");
    find(set_workspace_, "cublasSetWorkspace_v2");
    find(gemm_, "cublasGemmEx");
    find(status_text_, "cublasGetStatusString");
    check(create_(&handle_), "cublasCreate");
    check(set_stream_(handle_, stream), "cublasSetStream");
    check(set_workspace_(handle_, workspace, workspace_bytes), "cublasSetWorkspace");
  }
  Cublas(const Cublas&) = delete;
  Cublas& operator=(const Cublas&) = delete;
  ~Cublas() {
    if (handle_ != nullptr) destroy_(handle_);  // the library stays loaded: others may use it
  }

  void run(const Gemm& g) {
    const auto operation = [](bool transpose) { return transpose ? CUBLAS_OP_T : CUBLAS_OP_N; };
    const cudaDataType_t type = g.type == kernels::GemmType::f32   ? CUDA_R_32F
                                : g.type == kernels::GemmType::f16 ? CUDA_R_16F
                                                                   : CUDA_R_16BF;
    // Sums in float, without the faster modes that round more.
    check(gemm_(handle_, operation(g.transpose_a), operation(g.transpose_b), g.m, g.n, g.k, &g.alpha, g.a, type, g.lda,
                g.b, type, g.ldb, &g.beta, g.c, CUDA_R_32F, g.ldc, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
  }

 private:
  // cublasGemmEx, whose name stands for two functions in C++.
  using GemmEx = cublasStatus_t (*)(cublasHandle_t, cublasOperation_t, cublasOperation_t, int, int, int, const void*,
                                    const void*, cudaDataType, int, const void*, cudaDataType, int, const void*, void*,
                                    cudaDataType, int, cublasComputeType_t, cublasGemmAlgo_t);

  [[nodiscard]] static void* open() {
    const char* const names[] = {"libcublas.so.13", "libcublas.so.12"};
    for (const char* name : names) {
      if (void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
    }
    throw Error(
        "cuBLAS (libcublas.so.13 or libcublas.so.12) is not installed where the system looks for libraries; "
        "it is needed for steps of many tokens");
  }
  template <class F>
  void find(F& function, const char* name) {
    function = reinterpret_cast<F>(::dlsym(library_, name));
    if (function == nullptr) throw Error(concat("cuBLAS has no function ", name));
  }
  void check(cublasStatus_t status, const char* call) const {
    if (status != CUBLAS_STATUS_SUCCESS) throw Error(concat(call, ": ", status_text_(status)));
  }

  void* library_;
  cublasHandle_t handle_ = nullptr;
  decltype(&::cublasCreate_v2) create_ = nullptr;
  decltype(&::cublasDestroy_v2) destroy_ = nullptr;
  decltype(&::cublasSetStream_v2) set_stream_ = nullptr;
  decltype(&::cublasSetWorkspace_v2) set_workspace_ = nullptr;
  GemmEx gemm_ = nullptr;
  decltype(&::cublasGetStatusString) status_text_ = nullptr;
};

}  // namespace litestage::gpu
