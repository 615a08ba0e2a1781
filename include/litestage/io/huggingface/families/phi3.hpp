// Phi-3, 3.5 and Phi-4-mini: Q, K and V in one matrix, gate and up in one matrix, RoPE of a part of each head,
// LongRoPE, a window in all layers if the file has one.
#pragma once

#include <string_view>

#include "litestage/io/huggingface/families/family.hpp"

namespace litestage::io {

// The first names a copy of the model's code that folders carry for versions of transformers without this family, the
// others are about training.
inline constexpr std::string_view phi3_unused[] = {"auto_map", "embd_pdrop", "resid_pdrop"};

namespace detail {

inline void configure_phi3_folder(ModelConfig& c, JsonObject& keys) {
  c.rope = read_long_rope(keys, c, 10000, 4096);
  window_all_layers(c, keys, 0);
  expect_no_biases(keys);
  keys.expect("lm_head_bias", false);
  // Only the folders' own copies of the code read these.
  for (const std::string_view key : {"full_attn_mod", "interpolate_factor"}) {
    const double found = keys.number(key).value_or(1);
    if (found != 1) throw Error(concat(keys.name(key), " is ", found, ", expected 1"));
  }
}

}  // namespace detail

inline constexpr FolderFamily phi3_folder{
    .model_class = "Phi3ForCausalLM",
    .model_type = "phi3",
    .architecture = "phi3",
    .norm_eps = 1e-5,
    .unused = phi3_unused,
    .configure = detail::configure_phi3_folder,
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig& c) {
          t.attention_norm = take.norm("input_layernorm");
          split_qkv(t, take.matrix("self_attn.qkv_proj"), c, take.source());
          t.wo = take.matrix("self_attn.o_proj");
          t.mlp_norm = take.norm("post_attention_layernorm");
          split_gate_up(t, take.matrix("mlp.gate_up_proj"), c, take.source());
          t.w_down = take.matrix("mlp.down_proj");
        },
};

}  // namespace litestage::io
