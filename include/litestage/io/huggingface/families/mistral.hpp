// Mistral: Llama with a window of attention in all layers, unless it is null.
#pragma once

#include <string_view>

#include "litestage/io/huggingface/families/family.hpp"

namespace litestage::io {

inline constexpr std::string_view mistral_unused[] = {"max_window_layers", "use_sliding_window"};

inline constexpr FolderFamily mistral_folder{
    .model_class = "MistralForCausalLM",
    .model_type = "mistral",
    .architecture = "llama",
    .n_kv_heads = 8,
    .unused = mistral_unused,
    .configure =
        [](ModelConfig& c, JsonObject& keys) {
          c.rope = read_rope(keys, c, 10000);
          window_all_layers(c, keys, 4096);
          expect_no_biases(keys);
        },
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_mlp(take, t);
        },
};

}  // namespace litestage::io
