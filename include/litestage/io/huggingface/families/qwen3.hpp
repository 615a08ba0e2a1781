// Qwen 3, dense: a norm of each head of Q and K before RoPE.
#pragma once

#include "litestage/io/huggingface/families/family.hpp"

namespace litestage::io {

inline constexpr FolderFamily qwen3_folder{
    .model_class = "Qwen3ForCausalLM",
    .model_type = "qwen3",
    .architecture = "qwen3",
    .n_kv_heads = 32,
    .head_dim = 128,
    .configure =
        [](ModelConfig& c, JsonObject& keys) {
          c.rope = read_rope(keys, c, 10000);
          window_upper_layers(c, keys);
          expect_no_biases(keys);
        },
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_head_norms(take, t);
          take_mlp(take, t);
        },
};

}  // namespace litestage::io
