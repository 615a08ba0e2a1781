// Rotary position embedding of one head.
#pragma once

#include <cstddef>

namespace litestage::cpu {

// Rotates the first `rotary_dim` components in place: pairs (i, i + rotary_dim / 2) if `halves`, else (2i, 2i + 1).
// cos, sin [rotary_dim / 2] are those of the row's position.
template <class Kernels>
void rotate_head(float* head, const float* cos, const float* sin, std::size_t rotary_dim, bool halves) {
  if (halves)
    Kernels::rotate_halves(head, cos, sin, rotary_dim / 2);
  else
    Kernels::rotate_neighbours(head, cos, sin, rotary_dim / 2);
}

}  // namespace litestage::cpu
