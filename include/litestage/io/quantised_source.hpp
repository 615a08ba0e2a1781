// Rounds the matrices of a model to a quantised type when it is opened, so that a model in F32, F16 or BF16 runs with
// less memory and faster.
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/core/dtype.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

// The same model with every matrix in `type`, or in the type that `fitting_type` names where rows do not fit; a matrix
// that fits no type stays as it is, and so do norms and biases. Throws an Error if a matrix is quantised already, or
// has a weight that is not finite. `threads`: 0 for one per usable core.
[[nodiscard]] ModelSource quantised(const ModelSource& source, DType type, int threads = 0);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/definitions/quantised_source.hpp"
#endif
