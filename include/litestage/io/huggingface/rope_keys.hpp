// Reads the RoPE of a config.json: "rope_theta" and "rope_scaling" (transformers 4), or "rope_parameters" (transformers
// 5). What is in both forms must agree.
#pragma once

#include "litestage/core/compiled.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage::io {

// In each function `config` has the size of a head, which is even, and the context; `base` is the value of a missing
// "rope_theta".

// The RoPE of all layers.
[[nodiscard]] RopeConfig read_rope(JsonObject& keys, const ModelConfig& config, double base);

// Gemma 3's: the one of layers that see everything, and the local one of layers with a window, whose base is
// "rope_local_base_freq" (transformers 4) and which "rope_scaling" does not scale. Sets both in `config`.
void read_global_and_local_rope(JsonObject& keys, ModelConfig& config, double base, double local_base);

// Phi-3's: it turns a part of each head, and is scaled by LongRoPE or not at all. original_context: the value of a
// missing "original_max_position_embeddings".
[[nodiscard]] RopeConfig read_long_rope(JsonObject& keys, const ModelConfig& config, double base, int original_context);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/huggingface/definitions/rope_keys.hpp"
#endif
