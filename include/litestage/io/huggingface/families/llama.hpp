// Llama, SmolLM2, TinyLlama.
#pragma once

#include <string_view>

#include "litestage/io/huggingface/families/family.hpp"

namespace litestage::io {

inline constexpr std::string_view llama_unused[] = {"max_window_layers", "sliding_window"};

inline constexpr FolderFamily llama_folder{
    .model_class = "LlamaForCausalLM",
    .model_type = "llama",
    .architecture = "llama",
    .unused = llama_unused,
    .configure =
        [](ModelConfig& c, JsonObject& keys) {
          c.rope = read_rope(keys, c, 10000);
          keys.expect("use_sliding_window", false);
          expect_layer_types(keys, c, " of this family");
          expect_no_biases(keys);
        },
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_mlp(take, t);
        },
};

}  // namespace litestage::io
