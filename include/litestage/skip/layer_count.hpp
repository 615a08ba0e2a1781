// How policies that skip so many of a model's layers refuse a number that does not fit it.
#pragma once

#include <string_view>

#include "litestage/core/error.hpp"

namespace litestage::skip {

// `layers` of `n_layers`, where the policy called `policy` can skip `most`.
inline void check_layer_count(std::string_view policy, int layers, int most, int n_layers) {
  if (layers >= 0 && layers <= most) return;
  throw Error(concat("skip policy ", policy, ", layers: found ", layers, ", expected 0 to ", most, " of this model's ",
                     n_layers, " layers"));
}

}  // namespace litestage::skip
