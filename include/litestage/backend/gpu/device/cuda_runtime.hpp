// The runtime of a CUDA device. A host compiler compiles this header; the kernels are in the library litestage::cuda.
#pragma once

#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "litestage/backend/gpu/device/cublas.hpp"
#include "litestage/backend/gpu/device/runtime.hpp"
#include "litestage/core/error.hpp"
#include "litestage/kernels/cuda_launch.cuh"

namespace litestage::gpu {

// Throws Error if a call of CUDA failed.
inline void check_cuda(cudaError_t result, const char* call) {
  if (result == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // clears the error, which the next call would report again
  throw Error(concat("CUDA: ", call, ": ", cudaGetErrorString(result)));
}

// Thrown if a machine has no usable GPU at all. A GPU that exists but does not work is a plain Error.
class NoDevice : public Error {
 public:
  using Error::Error;
};

// Used by one thread at a time. A thread that did not construct it calls cudaSetDevice first.
class CudaRuntime {
 public:
  template <DType>
  static constexpr bool has_type = true;
  template <unsigned n>
  static constexpr bool has_columns = n == 1 || n == 2 || n == 4 || n == 8 || n == 16;

  // An instantiated CUDA graph.
  class Recording {
   public:
    explicit Recording(cudaGraphExec_t graph) : graph_(graph) {}
    Recording(Recording&& other) noexcept : graph_(std::exchange(other.graph_, nullptr)) {}
    Recording& operator=(Recording&& other) noexcept {
      std::swap(graph_, other.graph_);
      return *this;
    }
    ~Recording() {
      if (graph_ != nullptr) cudaGraphExecDestroy(graph_);
    }
    [[nodiscard]] cudaGraphExec_t graph() const { return graph_; }

   private:
    cudaGraphExec_t graph_;
  };

  // Throws NoDevice if there is no driver or no device, and Error if there is no device of this number or it is too
  // old.
  explicit CudaRuntime(int device = 0) : device_number_(device) {
    int devices = 0;
    const cudaError_t found = cudaGetDeviceCount(&devices);
    if (found == cudaErrorInsufficientDriver) {
      throw NoDevice("the gpu backend needs an NVIDIA driver for CUDA 13, and there is none or an older one here");
    }
    if (found == cudaErrorNoDevice || devices == 0)
      throw NoDevice("the gpu backend needs an NVIDIA GPU, and none is here");
    check_cuda(found, "cudaGetDeviceCount");
    if (device < 0 || device >= devices) {
      throw Error(concat("GPU number ", device, " does not exist, expected 0 to ", devices - 1));
    }
    check_cuda(cudaSetDevice(device), "cudaSetDevice");
    read_facts();
    if (facts_.major < 8) {
      throw Error(concat(facts_.name, " has compute capability ", facts_.major, ".", facts_.minor,
                         "; the gpu backend needs 8.0 or higher"));
    }
    void* staging = nullptr;
    check_cuda(cudaMallocHost(&staging, staging_bytes), "cudaMallocHost");
    staging_.reset(static_cast<std::byte*>(staging));
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  CudaRuntime(const CudaRuntime&) = delete;
  CudaRuntime& operator=(const CudaRuntime&) = delete;
  ~CudaRuntime() {
    cudaStreamSynchronize(stream_);  // a copy may still be reading `staging_`
    cublas_.reset();
    if (workspace_ != nullptr) cudaFree(workspace_);
    cudaStreamDestroy(stream_);
  }

  [[nodiscard]] const DeviceFacts& device() const { return facts_; }
  void expect_free(std::size_t bytes) const {
    std::size_t free = 0, total = 0;
    check_cuda(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    if (bytes > free) throw_out_of_memory(bytes, "", free, total);
  }
  [[nodiscard]] void* allocate(std::size_t bytes) {
    void* memory = nullptr;
    const cudaError_t result = cudaMalloc(&memory, bytes);
    if (result == cudaErrorMemoryAllocation) {
      static_cast<void>(cudaGetLastError());
      std::size_t free = 0, total = 0;
      cudaMemGetInfo(&free, &total);
      throw_out_of_memory(bytes, "more ", free, total);
    }
    check_cuda(result, "cudaMalloc");
    return memory;
  }
  void release(void* memory) { cudaFree(memory); }  // waits for work that uses the memory
  void zero(void* memory, std::size_t bytes) { check_cuda(cudaMemsetAsync(memory, 0, bytes, stream_), "cudaMemset"); }
  // Copies through page-locked memory, so that this returns while the copy is under way and the caller may overwrite
  // `from`. A copy from pageable memory might wait for earlier work, as the driver decides.
  void copy_to_device(void* to, const void* from, std::size_t bytes) {
    while (bytes > 0) {
      if (staged_ == staging_bytes) wait();
      const std::size_t n = std::min(bytes, staging_bytes - staged_);
      std::memcpy(staging_.get() + staged_, from, n);
      check_cuda(cudaMemcpyAsync(to, staging_.get() + staged_, n, cudaMemcpyHostToDevice, stream_),
                 "copy to the device");
      staged_ += n;
      bytes -= n;
      to = static_cast<std::byte*>(to) + n;
      from = static_cast<const std::byte*>(from) + n;
    }
  }
  void copy_to_host(void* to, const void* from, std::size_t bytes) {
    if (bytes == 0) return;
    check_cuda(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "copy to the host");
    wait();
  }
  // Waits for all work so far; throws Error if some of it failed.
  void wait() {
    check_cuda(cudaStreamSynchronize(stream_), "a kernel");
    staged_ = 0;
  }

  template <kernels::Kernel K>
  void launch(kernels::Grid grid, const typename K::Params& params) {
    kernels::cuda::launch<K>(stream_, grid, params);
  }
  void gemm(const Gemm& gemm) {
    if (cublas_ == nullptr) {
      if (workspace_ == nullptr) workspace_ = allocate(workspace_bytes);
      cublas_ = std::make_unique<Cublas>(stream_, workspace_, workspace_bytes);
    }
    cublas_->run(gemm);
  }

  void begin_recording() {
    check_cuda(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  }
  [[nodiscard]] Recording end_recording() {
    cudaGraph_t graph = nullptr;
    check_cuda(cudaStreamEndCapture(stream_, &graph), "cudaStreamEndCapture");
    cudaGraphExec_t ready = nullptr;
    const cudaError_t result = cudaGraphInstantiate(&ready, graph, 0);
    cudaGraphDestroy(graph);
    check_cuda(result, "cudaGraphInstantiate");
    return Recording(ready);
  }
  void abandon_recording() noexcept {
    cudaGraph_t graph = nullptr;
    cudaStreamEndCapture(stream_, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    static_cast<void>(cudaGetLastError());  // the error that ended the recording is reported already
  }
  void replay(const Recording& recording) {
    check_cuda(cudaGraphLaunch(recording.graph(), stream_), "cudaGraphLaunch");
  }
  [[nodiscard]] cudaStream_t stream() const { return stream_; }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  // what NVIDIA recommends for Hopper
  static constexpr std::size_t staging_bytes = std::size_t{4} << 20;     // a step of decoding takes a few KiB

  struct FreeHost {
    void operator()(std::byte* memory) const { cudaFreeHost(memory); }
  };

  [[noreturn]] void throw_out_of_memory(std::size_t bytes, const char* more, std::size_t free,
                                        std::size_t total) const {
    throw Error(concat("out of memory on ", facts_.name, ": ", (bytes >> 20) + 1, " MiB ", more, "are needed, ",
                       free >> 20, " of ", total >> 20, " MiB are free"));
  }
  void read_facts() {
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, device_number_), "cudaGetDeviceProperties");
    facts_.name = properties.name;
    facts_.major = properties.major;
    facts_.minor = properties.minor;
    facts_.multiprocessors = static_cast<unsigned>(properties.multiProcessorCount);
    facts_.shared_bytes = properties.sharedMemPerBlockOptin;
    facts_.memory_bytes = properties.totalGlobalMem;
    facts_.cache_bytes = static_cast<std::size_t>(properties.l2CacheSize);
    // Twice the clock, because the memory transfers data on both edges.
    facts_.peak_bytes_per_second =
        2e3 * attribute(cudaDevAttrMemoryClockRate) * attribute(cudaDevAttrGlobalMemoryBusWidth) / 8;
  }
  [[nodiscard]] double attribute(cudaDeviceAttr which) const {
    int value = 0;
    check_cuda(cudaDeviceGetAttribute(&value, which, device_number_), "cudaDeviceGetAttribute");
    return value;
  }

  int device_number_;
  DeviceFacts facts_;
  cudaStream_t stream_ = nullptr;
  std::unique_ptr<std::byte, FreeHost> staging_;
  std::size_t staged_ = 0;  // bytes of `staging_` in use since the last wait
  void* workspace_ = nullptr;
  std::unique_ptr<Cublas> cublas_;
};

static_assert(Runtime<CudaRuntime>);

}  // namespace litestage::gpu
