// Qwen 3, dense: a norm of each head of Q and K before RoPE.
#pragma once

#include "litestage/io/families/family.hpp"

namespace litestage::io {

inline constexpr ModelFamily qwen3_family{
    .architecture = "qwen3",
    .take_layer =
        [](TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
          take_attention(take, t, layer, c);
          take_head_norms(take, t, layer);
          take_mlp(take, t, layer);
        },
};

}  // namespace litestage::io
