// Rounds rows of weights to blocks of a quantised type, with the bits that the reference quantisers of ggml give
// (ggml-quants.c, quantize_row_*_ref: sums in float in the order of the elements, and no importance matrix).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/compiled.hpp"
#include "litestage/core/dtype.hpp"

namespace litestage {

// The types to which weights can be rounded: Q8_0, Q4_0, Q4_K and Q6_K, by their names in small letters.
[[nodiscard]] std::optional<DType> quantiser_named(std::string_view name);
// For messages: "q8_0, q4_0, q4_k or q6_k".
[[nodiscard]] std::string quantiser_names();

// The type of a matrix whose rows do not fit blocks of the wanted type: as llama-quantize, Q5_0 for Q4_K and Q8_0 for
// Q6_K. Nothing if rows fit no block.
[[nodiscard]] std::optional<DType> fitting_type(DType wanted, std::size_t columns);

// Rounds `columns` finite numbers to out, [row_bytes(type, columns)]. The type is one that `fitting_type` returns.
void write_quantised(DType type, const float* row, std::byte* out, std::size_t columns);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/core/quantise/definitions/quantise.hpp"
#endif
