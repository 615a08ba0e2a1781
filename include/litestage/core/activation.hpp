// The activation of a gated MLP, applied to the output of the gate projection before it is multiplied with the up
// projection.
#pragma once

#include <cstdint>

namespace litestage {

enum class Activation : std::uint8_t {
  silu,      // z / (1 + exp(-z))
  gelu_tanh  // 0.5 z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3)))
};

}  // namespace litestage
