// The gpu backend on the emulated device, as the tests of this folder use it.
#pragma once

#include "litestage/backend/gpu/device/emulated_runtime.hpp"
#include "litestage/backend/gpu/gpu_backend.hpp"

namespace litestage::test {

// Has only the kernels of a few types, to save compile time. tests/kernels tests the kernels of all types.
class TestRuntime : public gpu::EmulatedRuntime {
 public:
  using EmulatedRuntime::EmulatedRuntime;
  template <DType type>
  static constexpr bool has_type =
      type == DType::f32 || type == DType::q8_0 || type == DType::q4_1 || type == DType::q4_k || type == DType::q6_k;
};
using kernels::emulator::Order;
using kernels::emulator::Schedule;
using EmulatedBackend = GpuBackend<TestRuntime>;

}  // namespace litestage::test

// Compiled in emulated_backend.cpp.
extern template class litestage::GpuBackend<litestage::test::TestRuntime>;
