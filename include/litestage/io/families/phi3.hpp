// Phi-3, 3.5 and Phi-4-mini: Q, K and V in one matrix, gate and up in one matrix, RoPE of a part of each head,
// LongRoPE. A window, if the file has one, is that of all layers, as in Hugging Face; llama.cpp ignores it.
#pragma once

#include <string_view>

#include "litestage/io/families/family.hpp"

namespace litestage::io {

inline constexpr std::string_view phi3_keys[] = {"attention.sliding_window"};

inline constexpr ModelFamily phi3_family{
    .architecture = "phi3",
    .keys = phi3_keys,
    .has_rope_lists = true,
    .joint_mlp = true,
    .configure = [](ModelConfig& c,
                    const ModelKeys& keys) { window_all_layers(c, keys.size_or_zero("attention.sliding_window")); },
    .take_layer =
        [](TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
          take_attention(take, t, layer, c);
          take_fused_mlp(take, t, layer, c);
        },
};

}  // namespace litestage::io
