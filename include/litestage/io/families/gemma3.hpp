// Gemma 3 without images: of six layers, five see a window and have a RoPE of their own, which is never scaled; norms
// of the heads of Q and K; a norm after attention and MLP, before the addition; embeddings times sqrt(hidden); GELU.
// Norms are stored with the 1 that Hugging Face adds. llama.cpp src/models/gemma3.cpp has the same.
#pragma once

#include <cmath>
#include <string_view>
#include <vector>

#include "litestage/io/families/family.hpp"

namespace litestage::io {

inline constexpr std::string_view gemma3_keys[] = {"attention.sliding_window", "attention.sliding_window_pattern",
                                                   "final_logit_softcapping", "rope.freq_base_swa"};

namespace detail {

// The file does not say how scores are scaled: by the root of the head size, but in the model of 27B, which alone has
// this many layers, by that of hidden / heads.
inline constexpr int gemma3_layers_of_27b = 62;

inline void configure_gemma3(ModelConfig& c, const ModelKeys& keys) {
  const int period = keys.size("attention.sliding_window_pattern").value_or(6);
  const std::vector<bool> local = all_but_every(period, c.n_layers);
  set_ropes(c, local, LayerRope::local, LayerRope::global);
  set_windows(c, local, keys.required_size("attention.sliding_window"));
  c.local_rope.pairing = c.rope.pairing;
  c.local_rope.rotary_dim = c.rope.rotary_dim;
  c.local_rope.base = keys.number("rope.freq_base_swa", 10000);
  c.activation = Activation::gelu_tanh;
  c.embedding_multiplier = std::sqrt(static_cast<float>(c.hidden));
  c.logit_softcap = static_cast<float>(keys.number("final_logit_softcapping", 0));
  if (c.n_layers != gemma3_layers_of_27b) return;
  c.attention_scale = 1 / std::sqrt(static_cast<float>(c.hidden) / static_cast<float>(c.n_heads));
}

}  // namespace detail

inline constexpr ModelFamily gemma3_family{
    .architecture = "gemma3",
    .keys = gemma3_keys,
    .configure = detail::configure_gemma3,
    .take_layer =
        [](TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
          take_attention(take, t, layer, c);
          take_head_norms(take, t, layer);
          take_mlp(take, t, layer);
          take_post_norms(take, t, layer);
        },
};

}  // namespace litestage::io
