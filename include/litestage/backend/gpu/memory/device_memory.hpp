// Device memory that is released with its owner.
#pragma once

#include <cstddef>
#include <utility>

namespace litestage::gpu {

// `size` numbers in the memory of a runtime, zero at first. The runtime outlives them.
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
