// Quantisers of blocks of 256 weights, which search the best scales of their parts.
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/core/quant_blocks.hpp"

namespace litestage::quantisers {

// x: [256], finite.
[[nodiscard]] BlockQ4K q4_k(const float* x);
[[nodiscard]] BlockQ6K q6_k(const float* x);

}  // namespace litestage::quantisers

#if LITESTAGE_HEADER_ONLY
#include "litestage/core/quantise/definitions/super_blocks.hpp"
#endif
