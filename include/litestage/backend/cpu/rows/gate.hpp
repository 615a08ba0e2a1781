// The gate of the MLP: gate = act(gate) * up, element by element.
#pragma once

#include <cstddef>

#include "litestage/backend/concept.hpp"

namespace litestage::cpu {

template <class Kernels>
void apply_gate(Activation activation, float* gate, const float* up, std::size_t n) {
  if (activation == Activation::silu)
    Kernels::silu_gate(gate, up, n);
  else
    Kernels::gelu_gate(gate, up, n);
}

}  // namespace litestage::cpu
