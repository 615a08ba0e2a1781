// The device that the parts of the gpu backend share, and their buffers, which grow to the size that the largest step
// needs.
#pragma once

#include <cstddef>
#include <utility>

#include "litestage/backend/gpu/device/runtime.hpp"
#include "litestage/backend/gpu/memory/device_memory.hpp"
#include "litestage/kernels/simt.cuh"

namespace litestage::gpu {

// A runtime, and a count of the changes to its memory. A recorded step holds pointers, so it is valid as long as this
// count has the value that it had when the step was recorded.
template <Runtime R>
class Device {
 public:
  // `args`: the arguments of R's constructor.
  template <class... Args>
  explicit Device(Args&&... args) : runtime_(std::forward<Args>(args)...) {}

  [[nodiscard]] R& runtime() { return runtime_; }
  [[nodiscard]] const R& runtime() const { return runtime_; }
  [[nodiscard]] const DeviceFacts& facts() const { return runtime_.device(); }
  template <class K>
  void launch(const kernels::Grid& grid, const typename K::Params& params) {
    runtime_.template launch<K>(grid, params);
  }

  [[nodiscard]] std::size_t memory_changes() const { return memory_changes_; }
  // Call before memory is allocated that launches read or write.
  void note_memory_change() { ++memory_changes_; }

 private:
  R runtime_;
  std::size_t memory_changes_ = 0;
};

// A buffer that is reallocated when more is asked for than it holds. Its contents are then lost.
template <Runtime R, class T>
class Scratch {
 public:
  explicit Scratch(Device<R>& device) : device_(&device) {}

  // Room for at least n numbers. A reallocation adds a quarter, because steps tend to grow little by little.
  [[nodiscard]] T* grow(std::size_t n) {
    if (memory_.size() < n) {
      device_->note_memory_change();
      memory_ = DeviceMemory<R, T>();  // released before the larger one is allocated
      memory_ = DeviceMemory<R, T>(device_->runtime(), n + n / 4);
    }
    return memory_.data();
  }
  [[nodiscard]] T* data() { return memory_.data(); }
  [[nodiscard]] const T* data() const { return memory_.data(); }

 private:
  Device<R>* device_;
  DeviceMemory<R, T> memory_;
};

}  // namespace litestage::gpu
