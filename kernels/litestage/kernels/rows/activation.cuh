// The activation of a gated MLP.
#pragma once

#include <cstdint>

#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

enum class GateFunction : std::uint8_t {
  silu,      // z / (1 + exp(-z))
  gelu_tanh  // 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3)))
};

// Both are z / (1 + exp(-w)): 1 + tanh(u) = 2 / (1 + exp(-2 u)), and so the tail of gelu keeps its digits.
LITESTAGE_DEVICE float activated(float z, GateFunction function) {
  constexpr float twice_root_2_over_pi = 1.5957691f;
  const float w = function == GateFunction::silu ? z : twice_root_2_over_pi * fmaf(0.044715f * z * z, z, z);
  return z / (1.0f + exponential(-w));
}

}  // namespace litestage::kernels
