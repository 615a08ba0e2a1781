// Reads the RoPE of a config.json: "rope_theta" and "rope_scaling" (transformers 4), or "rope_parameters" (transformers
// 5).
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage::io {

// `config` has the size of a head, which is even, and the context. `base` is the value of a missing "rope_theta".
[[nodiscard]] RopeConfig read_rope(JsonObject& keys, const ModelConfig& config, double base);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/rope_keys.hpp"
#endif
