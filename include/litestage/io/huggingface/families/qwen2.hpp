// Qwen 2 and 2.5, and what is distilled into them (DeepSeek-R1-Distill-Qwen): biases of Q, K and V, whatever the file
// says.
#pragma once

#include <string_view>

#include "litestage/io/huggingface/families/family.hpp"

namespace litestage::io {

// Files by other programs say with the key what is so in any case; transformers does not read it.
inline constexpr std::string_view qwen2_unused[] = {"attention_bias"};

inline constexpr FolderFamily qwen2_folder{
    .model_class = "Qwen2ForCausalLM",
    .model_type = "qwen2",
    .architecture = "qwen2",
    .n_kv_heads = 32,
    .unused = qwen2_unused,
    .configure =
        [](ModelConfig& c, JsonObject& keys) {
          c.rope = read_rope(keys, c, 10000);
          window_upper_layers(c, keys);
          keys.expect("mlp_bias", false);
        },
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_qkv_biases(take, t);
          take_mlp(take, t);
        },
};

}  // namespace litestage::io
