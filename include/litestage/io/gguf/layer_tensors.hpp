// The tensors that layers of the families are made of. Names: ggml-org/llama.cpp gguf-py/gguf/constants.py. A matrix
// that holds several projections is split by rows, which are a range of its bytes in every type.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "litestage/io/gguf/tensor_taker.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

[[nodiscard]] inline std::string layer_prefix(int layer) {
  return concat("blk.", layer, ".");
}

namespace detail {

// Rows [first, first + n) of a matrix, or as many numbers of a vector of F32. What lies past its end is an Error of
// check_size.
[[nodiscard]] inline RawTensor part_of(const RawTensor& whole, std::string_view role, int first, int n) {
  RawTensor part = whole;
  part.name = concat(whole.name, ", ", role);
  const auto from = static_cast<std::size_t>(first), count = static_cast<std::size_t>(n);
  if (whole.rows == 1) {
    part.data += from * sizeof(float);
    part.columns = count;
  } else {
    part.data = whole.row(from);
    part.rows = count;
  }
  return part;
}

// Throws Error if a fused tensor, of n rows or numbers, has another size.
inline void check_size(const TensorTaker& take, const RawTensor& whole, int n, bool is_vector) {
  const std::size_t found = is_vector ? whole.columns : whole.rows;
  if (found == static_cast<std::size_t>(n) && (whole.rows == 1) == is_vector) return;
  throw Error(concat(take.source(), ": tensor ", whole.name, " is ", whole.rows, " x ", whole.columns, ", expected ",
                     is_vector ? concat("1 x ", n) : concat(n, " rows")));
}

// Queries, keys and values in one tensor, as any architecture may store them.
inline void split_qkv(RawTensor& q, RawTensor& k, RawTensor& v, const RawTensor& whole, const ModelConfig& c) {
  q = part_of(whole, "queries", 0, c.q_dim());
  k = part_of(whole, "keys", c.q_dim(), c.kv_dim());
  v = part_of(whole, "values", c.q_dim() + c.kv_dim(), c.kv_dim());
}

inline void take_qkv(TensorTaker& take, LayerTensors& t, const std::string& prefix, const ModelConfig& c) {
  const int fused = c.q_dim() + 2 * c.kv_dim();
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
  check_size(take, whole, fused, false);
  split_qkv(t.wq, t.wk, t.wv, whole, c);
  const RawTensor bias = take.vector(prefix + "attn_qkv.bias", false);
  if (bias.empty()) return;
  check_size(take, bias, fused, true);
  split_qkv(t.bq, t.bk, t.bv, bias, c);
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
  const RawTensor both = take.required(prefix + "ffn_up.weight");
  detail::check_size(take, both, 2 * c.ffn, false);
  t.w_gate = detail::part_of(both, "gate", 0, c.ffn);
  t.w_up = detail::part_of(both, "up", c.ffn, c.ffn);
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
