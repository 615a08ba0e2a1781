// Merges LoRA adapters into the weights of a model when it is opened, so that it runs as fast as one without.
#pragma once

#include <optional>
#include <span>

#include "litestage/core/compiled.hpp"
#include "litestage/core/dtype.hpp"
#include "litestage/io/adapters/lora_adapter.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

// The same model with every matrix W that an adapter has replaced by W + s1 B1 A1 + s2 B2 A2 ..., in the order of the
// adapters. A weight is computed in double, each product B A summed over the rank before it is scaled, and rounded to
// float once and then to the type of the matrix. That is its type in the file for F32, F16 and BF16, and F16 for
// quantised ones: rounded to their own type again, most weights would become what they were (docs/adapters.md). An
// adapter whose scale is 0 changes nothing.
//
// `type` rounds the merged matrices and all others that are not quantised to it, as `quantised` does; quantised ones
// that no adapter has stay. An embedding and a head that share their weights are separate afterwards if an adapter has
// one of them. Throws an Error if no matrix can be rounded to it, if an adapter is for a model of a different
// architecture, depth or shape, or if a weight is too large for its type (quantised ones take those of F16).
// `threads`: 0 for one per usable core.
[[nodiscard]] ModelSource merged(const ModelSource& source, std::span<const LoraAdapter> adapters,
                                 std::optional<DType> type = std::nullopt, int threads = 0);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/definitions/merged_source.hpp"
#endif
