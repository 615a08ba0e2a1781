// The activation of a gated MLP on the device.
#pragma once

#include "litestage/core/activation.hpp"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// Both are z / (1 + exp(-w)): 1 + tanh(u) = 2 / (1 + exp(-2 u)), and so the tail of gelu keeps its digits.
LITESTAGE_DEVICE float activated(float z, Activation activation) {
  constexpr float twice_root_2_over_pi = 1.5957691f;
  const float w = activation == Activation::silu ? z : twice_root_2_over_pi * fmaf(0.044715f * z * z, z, z);
  return z / (1.0f + exponential(-w));
}

}  // namespace litestage::kernels
