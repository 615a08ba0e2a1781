// Qwen 2 and 2.5, and what is distilled into them (DeepSeek-R1-Distill-Qwen): biases of Q, K and V.
#pragma once

#include "litestage/io/families/family.hpp"

namespace litestage::io {

inline constexpr ModelFamily qwen2_family{
    .architecture = "qwen2",
    .take_layer =
        [](TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
          take_attention(take, t, layer, c);
          take_mlp(take, t, layer);
        },
};

}  // namespace litestage::io
