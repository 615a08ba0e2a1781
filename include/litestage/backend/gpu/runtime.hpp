// What the gpu backend asks of a device: memory, kernels, products, and recordings of both. Two runtimes exist: CUDA,
// and the emulator on the host, so that the backend's own code is the same in tests and on a GPU.
//
// Work is done in the order in which it was asked for, later than the call; only copy_to_host waits.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "litestage/kernels/rows/rms_norm.cuh"
#include "litestage/kernels/rows/rows.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::gpu {

struct DeviceFacts {
  std::string name;          // "NVIDIA H100 80GB HBM3", "emulated"
  int major = 0, minor = 0;  // compute capability
  unsigned multiprocessors = 1;
  std::size_t shared_bytes = 48 << 10;  // of one block, at most
  std::size_t memory_bytes = 0;         // in all
  double peak_bytes_per_second = 0;     // of its memory; 0: unknown
};

// A matrix product as cuBLAS takes it (cublasGemmEx; everything column by column):
//     C = alpha op(A) op(B) + beta C,   op(A) [m, k], op(B) [k, n], C [m, n]
// A and B are of one type, C is float, sums are float. `reference_gemm` executes the same struct on the host.
struct Gemm {
  bool transpose_a = false, transpose_b = false;
  int m = 0, n = 0, k = 0;
  kernels::GemmType type = kernels::GemmType::bf16;
  const void* a = nullptr;
  int lda = 0;  // numbers from one column of A, as stored, to the next
  const void* b = nullptr;
  int ldb = 0;
  float* c = nullptr;
  int ldc = 0;
  float alpha = 1, beta = 0;

  friend bool operator==(const Gemm&, const Gemm&) = default;
};

// y[n, w_rows] = x[n, columns] W^T for rows stored one after another, W [w_rows, columns]: what every projection is.
[[nodiscard]] inline Gemm projection(kernels::GemmType type, float* y, std::size_t y_stride, const void* x,
                                     std::size_t n, const void* w, std::size_t w_rows, std::size_t columns) {
  Gemm g;
  g.transpose_a = true;
  g.m = static_cast<int>(w_rows);
  g.n = static_cast<int>(n);
  g.k = static_cast<int>(columns);
  g.type = type;
  g.a = w;
  g.lda = g.k;
  g.b = x;
  g.ldb = g.k;
  g.c = y;
  g.ldc = static_cast<int>(y_stride);
  return g;
}

template <class R>
concept Runtime = requires(R& r, const R& cr, void* memory, const void* host, std::size_t n, const Gemm& gemm,
                           typename R::Recording& recording) {
  // Which kernels there are: for weights of this type; for up to so many inputs, among which are 1 and 16.
  { R::template has_type<DType::f32> } -> std::convertible_to<bool>;
  { R::template has_columns<1> } -> std::convertible_to<bool>;
  { cr.device() } -> std::convertible_to<const DeviceFacts&>;
  cr.expect_free(n);                         // throws Error where less than n bytes are free
  { r.allocate(n) } -> std::same_as<void*>;  // throws Error that says how much was asked for and how much is free
  r.release(memory);
  r.zero(memory, n);
  r.copy_to_device(memory, host, n);  // the host's memory is free again when the call returns
  r.copy_to_host(memory, host, n);    // waits for everything before
  r.template launch<kernels::ScaleRows>(kernels::Grid{}, kernels::ScaleRows::Params{});
  r.gemm(gemm);
  // Between the two calls launches and products are not run but recorded; memory is not to be allocated.
  r.begin_recording();
  { r.end_recording() } -> std::same_as<typename R::Recording>;
  { r.abandon_recording() }
  noexcept;  // in place of end_recording, where something went wrong
  r.replay(recording);
};

// What `work` asks for, recorded. If it throws, nothing is recorded, and the error is that of `work`.
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

// Numbers in a runtime's memory, zero at first.
template <class R, class T>
class DeviceMemory {
 public:
  DeviceMemory() = default;
  DeviceMemory(R& runtime, std::size_t size) : runtime_(&runtime), size_(size) {
    if (size == 0) return;
    data_ = static_cast<T*>(runtime.allocate(size * sizeof(T)));
    runtime.zero(data_, size * sizeof(T));
  }
  DeviceMemory(DeviceMemory&& other) noexcept { *this = std::move(other); }
  DeviceMemory& operator=(DeviceMemory&& other) noexcept {
    std::swap(runtime_, other.runtime_);
    std::swap(size_, other.size_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~DeviceMemory() {
    if (data_ != nullptr) runtime_->release(data_);
  }

  [[nodiscard]] T* data() { return data_; }
  [[nodiscard]] const T* data() const { return data_; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  R* runtime_ = nullptr;
  std::size_t size_ = 0;
  T* data_ = nullptr;
};

}  // namespace litestage::gpu
