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

LITESTAGE_DEVICE float activated(float z, GateFunction function) {
  if (function == GateFunction::silu) return z / (1.0f + exponential(-z));
  constexpr float root_2_over_pi = 0.79788456f;
  return 0.5f * z * (1.0f + tanhf(root_2_over_pi * fmaf(0.044715f * z * z, z, z)));
}

}  // namespace litestage::kernels
