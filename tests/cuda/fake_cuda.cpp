#include "cuda/fake_cuda.hpp"

#include <cstdlib>
#include <cstring>
#include <utility>

namespace {

using litestage::test::fake_cuda;

// As in CUDA, an error is returned and also kept until cudaGetLastError reads it.
cudaError_t fail(cudaError_t error) {
  fake_cuda().unread_error = error;
  return error;
}
cudaError_t allocate(void** memory, std::size_t bytes) {
  if (bytes > fake_cuda().free_bytes) return fail(cudaErrorMemoryAllocation);
  *memory = std::malloc(bytes);
  ++fake_cuda().blocks;
  return cudaSuccess;
}
cudaError_t release(void* memory) {
  if (memory != nullptr) --fake_cuda().blocks;
  std::free(memory);
  return cudaSuccess;
}
cudaError_t ask(std::function<void()> work) {
  fake_cuda().stream.push_back(std::move(work));
  return cudaSuccess;
}

}  // namespace

litestage::test::FakeCuda& litestage::test::fake_cuda() {
  static FakeCuda fake;
  return fake;
}

extern "C" {

cudaError_t CUDARTAPI cudaGetLastError() {
  return std::exchange(fake_cuda().unread_error, cudaSuccess);
}
const char* CUDARTAPI cudaGetErrorString(cudaError_t error) {
  return error == cudaErrorIllegalAddress ? "an illegal memory access was encountered" : "another error";
}
cudaError_t CUDARTAPI cudaGetDeviceCount(int* count) {
  *count = fake_cuda().devices;
  return fake_cuda().count_result;
}
cudaError_t CUDARTAPI cudaSetDevice(int) {
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {};
  std::strcpy(properties->name, "Fake 100");
  properties->major = fake_cuda().major;
  properties->minor = fake_cuda().minor;
  properties->multiProcessorCount = 7;
  properties->sharedMemPerBlockOptin = 99 << 10;
  properties->totalGlobalMem = std::size_t{2} << 30;
  properties->l2CacheSize = 50 << 20;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int) {
  *value = which == cudaDevAttrMemoryClockRate ? 1000000 : 512;  // 1 GHz, 512 bits
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaMallocHost(void** memory, std::size_t bytes) {
  return allocate(memory, bytes);
}
cudaError_t CUDARTAPI cudaFreeHost(void* memory) {
  return release(memory);
}
cudaError_t CUDARTAPI cudaMalloc(void** memory, std::size_t bytes) {
  return allocate(memory, bytes);
}
cudaError_t CUDARTAPI cudaFree(void* memory) {
  static_cast<void>(cudaStreamSynchronize(nullptr));
  return release(memory);
}
cudaError_t CUDARTAPI cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  *free = fake_cuda().free_bytes;
  *total = std::size_t{2} << 30;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t) {
  return ask([=] { std::memset(memory, value, bytes); });
}
cudaError_t CUDARTAPI cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind, cudaStream_t) {
  return ask([=] { std::memcpy(to, from, bytes); });
}
cudaError_t CUDARTAPI cudaStreamCreateWithFlags(cudaStream_t*, unsigned) {
  ++fake_cuda().streams;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaStreamDestroy(cudaStream_t) {
  --fake_cuda().streams;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaStreamSynchronize(cudaStream_t) {
  for (const auto& work : std::exchange(fake_cuda().stream, {})) work();
  ++fake_cuda().waits;
  const cudaError_t result = std::exchange(fake_cuda().wait_result, cudaSuccess);
  return result == cudaSuccess ? result : fail(result);
}
cudaError_t CUDARTAPI cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
  if (fake_cuda().capturing) return fail(cudaErrorIllegalState);
  fake_cuda().capturing = true;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
  if (!std::exchange(fake_cuda().capturing, false)) return fail(cudaErrorIllegalState);
  *graph = reinterpret_cast<cudaGraph_t>(&fake_cuda());
  ++fake_cuda().graphs;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaGraphInstantiate(cudaGraphExec_t* ready, cudaGraph_t, unsigned long long) {
  *ready = reinterpret_cast<cudaGraphExec_t>(&fake_cuda());
  ++fake_cuda().ready_graphs;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaGraphDestroy(cudaGraph_t) {
  --fake_cuda().graphs;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaGraphExecDestroy(cudaGraphExec_t) {
  --fake_cuda().ready_graphs;
  return cudaSuccess;
}
cudaError_t CUDARTAPI cudaGraphLaunch(cudaGraphExec_t, cudaStream_t) {
  ++fake_cuda().launched_graphs;
  return cudaSuccess;
}

}  // extern "C"
