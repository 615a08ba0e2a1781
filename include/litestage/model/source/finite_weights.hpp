// Whether the weights of a file are numbers: one that is NaN or infinite spoils every result, so it is refused at load.
// Of a quantised block only the scales are looked at, since codes are integers: memory is read once, at its speed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/core/quant_blocks.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage {

// Throws Error naming `source` (a file), the tensor, what was found and where.
void check_finite(const RawTensor& tensor, std::string_view source);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/source/definitions/finite_weights.hpp"
#endif
