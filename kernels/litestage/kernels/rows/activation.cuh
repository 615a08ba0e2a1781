// The activation of a gated MLP on the device.
#pragma once

#include "litestage/core/activation.hpp"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// Both activations are computed as z / (1 + exp(-w)), since 1 + tanh(u) = 2 / (1 + exp(-2 u)); this keeps the precision
// of gelu's tail.
LITESTAGE_DEVICE float activated(float z, Activation activation) {
  constexpr float twice_root_2_over_pi = 1.5957691f;
  const float w = activation == Activation::silu ? z : twice_root_2_over_pi * fmaf(0.044715f * z * z, z, z);
  return z / (1.0f + exponential(-w));
}

}  // namespace litestage::kernels
