// Gemma 3 without images: layers with a window have a RoPE of their own; norms of the heads of Q and K; a norm after
// attention and MLP, before the addition; norms multiply by 1 + weight; embeddings times sqrt(hidden); GELU. Where
// transformers runs a model in 16 bits it also rounds sqrt(hidden) to them; here and in llama.cpp it is not rounded.
#pragma once

#include <cmath>
#include <optional>
#include <string_view>
#include <vector>

#include "litestage/io/huggingface/families/family.hpp"
#include "litestage/model/source/layer_patterns.hpp"

namespace litestage::io {

// "layer_types" or "sliding_window_pattern" says what the first key says; transformers does not read it either.
inline constexpr std::string_view gemma3_unused[] = {"_sliding_window_pattern", "cache_implementation"};

namespace detail {

[[nodiscard]] inline float positive(JsonObject& keys, std::string_view key, float otherwise) {
  const std::optional<double> found = keys.number(key);
  if (!found) return otherwise;
  if (*found > 0 && *found < 1e6) return static_cast<float>(*found);
  throw Error(concat(keys.name(key), " is ", *found, ", expected above 0 and below 1e6"));
}

inline void configure_gemma3_folder(ModelConfig& c, JsonObject& keys) {
  read_global_and_local_rope(keys, c, 1000000, 10000);
  const int period = keys.size("sliding_window_pattern").value_or(6);
  const std::vector<bool> local = read_layer_types(keys, c.n_layers).value_or(all_but_every(period, c.n_layers));
  set_ropes(c, local, LayerRope::local, LayerRope::global);
  set_windows(c, keys, local, read_window(keys, 4096));
  c.embedding_multiplier = std::sqrt(static_cast<float>(c.hidden));
  c.logit_softcap = positive(keys, "final_logit_softcapping", 0);
  const float scalar = positive(keys, "query_pre_attn_scalar", 256);
  if (scalar != static_cast<float>(c.head_dim)) c.attention_scale = 1 / std::sqrt(scalar);
  keys.expect("use_bidirectional_attention", false);
  expect_no_biases(keys);
}

}  // namespace detail

inline constexpr FolderFamily gemma3_folder{
    .model_class = "Gemma3ForCausalLM",
    .model_type = "gemma3_text",
    .architecture = "gemma3",
    .n_kv_heads = 4,
    .head_dim = 256,
    .tied_head = true,
    .activation = Activation::gelu_tanh,
    .activation_key = "hidden_activation",
    .norm_offset = 1,
    .unused = gemma3_unused,
    .configure = detail::configure_gemma3_folder,
    .take_layer =
        [](FolderLayer& take, LayerTensors& t, const ModelConfig&) {
          take_attention(take, t);
          take_head_norms(take, t);
          t.attention_post_norm = take.norm("post_attention_layernorm");
          t.mlp_norm = take.norm("pre_feedforward_layernorm");
          take_projections_of_mlp(take, t);
          t.mlp_post_norm = take.norm("post_feedforward_layernorm");
        },
};

}  // namespace litestage::io
