// Llama, SmolLM2, TinyLlama and, under the same name, Mistral. The file stores the rows of Q and K so that RoPE pairs
// neighbours. Mistral's window: converters leave it out, and then every row sees everything, as in llama.cpp; if the
// file has it, all layers have it.
#pragma once

#include <string_view>

#include "litestage/io/families/family.hpp"

namespace litestage::io {

inline constexpr std::string_view llama_keys[] = {"attention.sliding_window"};

inline constexpr ModelFamily llama_family{
    .architecture = "llama",
    .pairing = RopePairing::interleaved,
    .keys = llama_keys,
    .configure = [](ModelConfig& c,
                    const ModelKeys& keys) { window_all_layers(c, keys.size_or_zero("attention.sliding_window")); },
    .take_layer =
        [](TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
          take_attention(take, t, layer, c);
          take_mlp(take, t, layer);
        },
};

}  // namespace litestage::io
