// Tests of gpu::CudaRuntime with replacements of CUDA's functions that run on the host: errors, copies, recordings, and
// the arguments of cuBLAS.
#include "litestage/backend/gpu/device/cuda_runtime.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

#include "common/close.hpp"
#include "common/error_of.hpp"
#include "cuda/fake_cuda.hpp"
#include "litestage/backend/gpu/device/reference_gemm.hpp"
#include "litestage/backend/gpu/memory/device_memory.hpp"

using namespace litestage;
using namespace litestage::test;

namespace {

[[nodiscard]] std::string refusal(const FakeCuda& machine, int device = 0) {
  fake_cuda() = machine;
  return error_of([&] { gpu::CudaRuntime runtime(device); });
}
[[nodiscard]] bool everything_given_back() {
  const FakeCuda& f = fake_cuda();
  return f.blocks == 0 && f.graphs == 0 && f.ready_graphs == 0 && f.streams == 0;
}

}  // namespace

TEST_CASE("cuda runtime: a machine without a GPU to be used is told in one sentence") {
  CHECK(refusal({.count_result = cudaErrorInsufficientDriver}) ==
        "the gpu backend needs an NVIDIA driver for CUDA 13, and there is none or an older one here");
  CHECK_THROWS_AS(gpu::CudaRuntime(), gpu::NoDevice);
  CHECK(refusal({.count_result = cudaErrorNoDevice}) == "the gpu backend needs an NVIDIA GPU, and none is here");
  CHECK_THROWS_AS(gpu::CudaRuntime(), gpu::NoDevice);
  CHECK(refusal({.devices = 0}) == "the gpu backend needs an NVIDIA GPU, and none is here");
}

TEST_CASE("cuda runtime: something wrong with a GPU that is there is not taken for none") {
  CHECK(refusal({.devices = 2}, 2) == "GPU number 2 does not exist, expected 0 to 1");
  CHECK(refusal({.major = 7, .minor = 5}) ==
        "Fake 100 has compute capability 7.5; the gpu backend needs 8.0 or higher");
  CHECK(refusal({.count_result = cudaErrorIllegalAddress}) ==
        "CUDA: cudaGetDeviceCount: an illegal memory access was encountered");
  CHECK(everything_given_back());
  bool no_device = false;
  try {
    gpu::CudaRuntime runtime;
  } catch (const gpu::NoDevice&) {
    no_device = true;
  } catch (const Error&) {
  }
  CHECK(!no_device);
}

TEST_CASE("cuda runtime: what the device is") {
  CHECK(refusal({}) == "no error");
  const gpu::CudaRuntime runtime;
  const gpu::DeviceFacts& facts = runtime.device();
  CHECK(facts.name == "Fake 100");
  CHECK(facts.cache_bytes == std::size_t{50} << 20);
  CHECK(facts.multiprocessors == 7);
  CHECK(facts.peak_bytes_per_second == 2 * 1e9 * 512 / 8);  // both edges of 1 GHz, 512 bits
}

TEST_CASE("cuda runtime: out of memory says how much is needed and how much is free, and the next call is not blamed") {
  fake_cuda() = {};
  {
    gpu::CudaRuntime runtime;
    fake_cuda().free_bytes = std::size_t{5} << 20;
    CHECK(error_of([&] { static_cast<void>(runtime.allocate(std::size_t{9} << 20)); }) ==
          "out of memory on Fake 100: 10 MiB more are needed, 5 of 2048 MiB are free");
    CHECK(error_of([&] { runtime.expect_free(std::size_t{3000} << 20); }) ==
          "out of memory on Fake 100: 3001 MiB are needed, 5 of 2048 MiB are free");
    runtime.expect_free(std::size_t{5} << 20);
    CHECK(cudaGetLastError() == cudaSuccess);
    void* memory = runtime.allocate(100);
    runtime.release(memory);
  }
  CHECK(everything_given_back());
}

TEST_CASE("cuda runtime: what a kernel did wrong is told by the call that waits, once") {
  fake_cuda() = {};
  gpu::CudaRuntime runtime;
  fake_cuda().wait_result = cudaErrorIllegalAddress;
  CHECK(error_of([&] { runtime.wait(); }) == "CUDA: a kernel: an illegal memory access was encountered");
  CHECK(error_of([&] { runtime.wait(); }) == "no error");
}

TEST_CASE("cuda runtime: the host's memory is free again after a copy that the device has not made yet") {
  fake_cuda() = {};
  gpu::CudaRuntime runtime;
  constexpr std::size_t n = 1300000;  // 5.2 MB: more than what the runtime keeps for copies under way
  gpu::DeviceMemory<gpu::CudaRuntime, int> memory(runtime, n);
  std::vector<int> numbers(n), found(n);
  std::iota(numbers.begin(), numbers.end(), 1);
  const std::vector<int> expected = numbers;
  for (std::size_t first = 0; first < n; first += n / 4) {
    runtime.copy_to_device(memory.data() + first, numbers.data() + first, n / 4 * sizeof(int));
    std::fill_n(numbers.begin() + static_cast<std::ptrdiff_t>(first), n / 4, -1);
  }
  CHECK(!fake_cuda().stream.empty());
  runtime.copy_to_host(found.data(), memory.data(), n * sizeof(int));
  CHECK(found == expected);
  // A step's few bytes wait for nothing.
  const int waits = fake_cuda().waits;
  for (int i = 0; i < 100; ++i) runtime.copy_to_device(memory.data(), expected.data(), 64);
  CHECK(fake_cuda().waits == waits);
}

TEST_CASE("cuda runtime: recordings are given back, also those that an error ended") {
  fake_cuda() = {};
  {
    gpu::CudaRuntime runtime;
    CHECK(error_of([&] { static_cast<void>(gpu::record(runtime, [] { throw Error("no such kernel"); })); }) ==
          "no such kernel");
    CHECK(!fake_cuda().capturing);
    std::vector<gpu::CudaRuntime::Recording> kept;
    for (int i = 0; i < 3; ++i) kept.push_back(gpu::record(runtime, [] {}));
    CHECK(fake_cuda().ready_graphs == 3);
    CHECK(fake_cuda().graphs == 0);
    runtime.replay(kept[1]);
    CHECK(fake_cuda().launched_graphs == 1);
    kept[0] = std::move(kept[2]);
    kept.pop_back();
    CHECK(fake_cuda().ready_graphs == 2);
  }
  CHECK(everything_given_back());
}

TEST_CASE("cuda runtime: cuBLAS is asked for the product that the struct describes") {
  fake_cuda() = {};
  gpu::CudaRuntime runtime;
  constexpr int m = 3, n = 4, k = 5;
  for (const bool transpose_a : {false, true}) {
    for (const bool transpose_b : {false, true}) {
      // A and B in columns that are longer than they need be; small numbers, of which bfloat16 holds all.
      const int lda = (transpose_a ? k : m) + 2, ldb = (transpose_b ? n : k) + 3, ldc = m + 1;
      std::vector<bf16> a(static_cast<std::size_t>(lda * 5)), b(static_cast<std::size_t>(ldb * 5));
      for (std::size_t i = 0; i < a.size(); ++i) a[i] = to_bf16(static_cast<float>(i) - 7);
      for (std::size_t i = 0; i < b.size(); ++i) b[i] = to_bf16(static_cast<float>(3 * i % 11) - 4);
      std::vector<float> found(static_cast<std::size_t>(ldc * n), 2), expected = found;
      gpu::Gemm gemm{transpose_a, transpose_b,  m,   n,    k, kernels::GemmType::bf16, a.data(), lda, b.data(),
                     ldb,         found.data(), ldc, 0.5f, 3};
      runtime.gemm(gemm);
      runtime.wait();
      gemm.c = expected.data();
      gpu::reference_gemm(gemm);
      CHECK(same_bits(found, expected));
    }
  }
  gpu::Gemm wrong = gpu::projection(kernels::GemmType::bf16, nullptr, 1, nullptr, 1, nullptr, 2, 1);
  CHECK(error_of([&] { runtime.gemm(wrong); }) == "cublasGemmEx: an unsupported value or parameter was passed");
}
