// The tensors that layers of the families are made of. Names: ggml-org/llama.cpp gguf-py/gguf/constants.py.
#pragma once

#include <string>

#include "litestage/io/gguf/tensor_taker.hpp"
#include "litestage/model/source/joint_tensors.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

[[nodiscard]] inline std::string layer_prefix(int layer) {
  return concat("blk.", layer, ".");
}

namespace detail {

// Queries, keys and values may be in one tensor in any architecture.
inline void take_qkv(TensorTaker& take, LayerTensors& t, const std::string& prefix, const ModelConfig& c) {
  const RawTensor whole = take.optional(prefix + "attn_qkv.weight");
  if (whole.empty()) {
    t.wq = take.required(prefix + "attn_q.weight");
    t.wk = take.required(prefix + "attn_k.weight");
    t.wv = take.required(prefix + "attn_v.weight");
    t.bq = take.vector(prefix + "attn_q.bias", false);
    t.bk = take.vector(prefix + "attn_k.bias", false);
    t.bv = take.vector(prefix + "attn_v.bias", false);
    return;
  }
  split_qkv(t, whole, c, take.source());
  const RawTensor bias = take.vector(prefix + "attn_qkv.bias", false);
  if (!bias.empty()) split_qkv_bias(t, bias, c, take.source());
}

}  // namespace detail

// The attention without norms of heads and post-norm. The configuration has been checked.
inline void take_attention(TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
  const std::string prefix = layer_prefix(layer);
  t.attention_norm = take.vector(prefix + "attn_norm.weight", true);
  detail::take_qkv(take, t, prefix, c);
  t.wo = take.required(prefix + "attn_output.weight");
}

// The MLP, with a matrix each for gate and up.
inline void take_mlp(TensorTaker& take, LayerTensors& t, int layer) {
  const std::string prefix = layer_prefix(layer);
  t.mlp_norm = take.vector(prefix + "ffn_norm.weight", true);
  t.w_gate = take.required(prefix + "ffn_gate.weight");
  t.w_up = take.required(prefix + "ffn_up.weight");
  t.w_down = take.required(prefix + "ffn_down.weight");
}

// The MLP with gate and up in one matrix, the rows of gate first.
inline void take_fused_mlp(TensorTaker& take, LayerTensors& t, int layer, const ModelConfig& c) {
  const std::string prefix = layer_prefix(layer);
  t.mlp_norm = take.vector(prefix + "ffn_norm.weight", true);
  split_gate_up(t, take.required(prefix + "ffn_up.weight"), c, take.source());
  t.w_down = take.required(prefix + "ffn_down.weight");
}

inline void take_head_norms(TensorTaker& take, LayerTensors& t, int layer) {
  t.q_norm = take.vector(layer_prefix(layer) + "attn_q_norm.weight", true);
  t.k_norm = take.vector(layer_prefix(layer) + "attn_k_norm.weight", true);
}

inline void take_post_norms(TensorTaker& take, LayerTensors& t, int layer) {
  t.attention_post_norm = take.vector(layer_prefix(layer) + "post_attention_norm.weight", true);
  t.mlp_post_norm = take.vector(layer_prefix(layer) + "post_ffw_norm.weight", true);
}

}  // namespace litestage::io
