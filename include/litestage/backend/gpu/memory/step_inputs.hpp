// The index lists and factors of a step, on the device and, for decisions about launches, on the host.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "litestage/backend/gpu/memory/scratch.hpp"
#include "litestage/core/view.hpp"

namespace litestage::gpu {

// A step uploads one list of integers and one of factors; an upload replaces the one before it.
template <Runtime R>
class StepInputs {
 public:
  explicit StepInputs(Device<R>& device) : device_(&device), ints_(device), factors_(device) {}

  [[nodiscard]] View<const int, 1> upload(std::span<const int> host) {
    ints_on_host_.assign(host.begin(), host.end());
    int* to = ints_.grow(host.size());
    device_->runtime().copy_to_device(to, host.data(), host.size_bytes());
    return {to, {host.size()}};
  }
  [[nodiscard]] View<const float, 1> upload(std::span<const float> host) {
    float* to = factors_.grow(host.size());
    device_->runtime().copy_to_device(to, host.data(), host.size_bytes());
    return {to, {host.size()}};
  }

  // Element i of a part of the uploaded integers, read on the host.
  [[nodiscard]] int on_host(View<const int, 1> part, std::size_t i) const {
    return ints_on_host_[static_cast<std::size_t>(part.data() - ints_.data()) + i];
  }

 private:
  Device<R>* device_;
  std::vector<int> ints_on_host_;  // a copy of ints_
  Scratch<R, int> ints_;
  Scratch<R, float> factors_;
};

}  // namespace litestage::gpu
