// Checks pairs of matrices.
#pragma once

#include <cmath>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/io/adapters/check_pair.hpp"
#include "litestage/model/source/finite_weights.hpp"

namespace litestage::io {

LITESTAGE_INLINE void check_pair(const LoraPair& pair, std::string_view source) {
  const RawTensor &a = pair.inputs.stored, &b = pair.outputs.stored;
  if (pair.inputs.rows() != pair.outputs.columns()) {
    throw Error(concat(source, ": tensors ", a.name, " (", a.rows, " x ", a.columns, ") and ", b.name, " (", b.rows,
                       " x ", b.columns, ") have the ranks ", pair.inputs.rows(), " and ", pair.outputs.columns(),
                       ", expected equal ones"));
  }
  if (!std::isfinite(pair.scale)) {
    throw Error(concat(source, ": the scale of ", a.name, " is ", pair.scale, ", expected a finite number"));
  }
  check_finite(a, source);
  check_finite(b, source);
}

}  // namespace litestage::io
