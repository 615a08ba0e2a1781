// Checks that the weights of a file are finite. A NaN or infinite weight spoils every result, so it is refused at load.
// In quantised blocks only the scales are checked, since codes are integers; the check reads memory once, at full
// bandwidth.
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
