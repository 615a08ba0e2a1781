// Qwen 2 and 2.5, and what is distilled into them (DeepSeek-R1-Distill-Qwen): biases of Q, K and V, whatever the file
// says.
#pragma once

#include "litestage/io/huggingface/families/family.hpp"

namespace litestage::io {

inline constexpr FolderFamily qwen2_folder{
    .model_class = "Qwen2ForCausalLM",
    .model_type = "qwen2",
    .architecture = "qwen2",
    .n_kv_heads = 32,
    .configure =
        [](ModelConfig& c, JsonObject& keys) {
          c.rope = read_rope(keys, c, 10000);
          window_upper_layers(c, keys);
        },
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_qkv_biases(take, t);
          take_mlp(take, t);
        },
};

}  // namespace litestage::io
