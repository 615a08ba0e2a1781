// Checks the setting `layers` of a skip policy: it is from 0 to the number of layers that the policy can skip in a
// model.
#pragma once

#include <string_view>

#include "litestage/core/error.hpp"

namespace litestage::skip {

// Throws Error if `layers` exceeds `most`, the number that the policy called `policy` can skip of `n_layers`.
inline void check_layer_count(std::string_view policy, int layers, int most, int n_layers) {
  if (layers >= 0 && layers <= most) return;
  throw Error(concat("skip policy ", policy, ", layers: found ", layers, ", expected 0 to ", most, " of this model's ",
                     n_layers, " layers"));
}

}  // namespace litestage::skip
