// SmolLM3: as Llama, but every fourth layer has no RoPE. The file has no key for that; llama.cpp src/models/smollm3.cpp
// has the same constant.
#pragma once

#include "litestage/io/families/family.hpp"

namespace litestage::io {

inline constexpr int smollm3_rope_period = 4;

inline constexpr ModelFamily smollm3_family{
    .architecture = "smollm3",
    .pairing = RopePairing::interleaved,
    .configure =
        [](ModelConfig& c, const ModelKeys&) {
          set_ropes(c, all_but_every(smollm3_rope_period, c.n_layers), LayerRope::global, LayerRope::none);
        },
    .take_layer =
        [](TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
          take_attention(take, t, layer, c);
          take_mlp(take, t, layer);
        },
};

}  // namespace litestage::io
