// Writes the GGUF file of a naive model, as a converter does: rows of Q and K permuted for llama and smollm3, Gemma's
// norms with 1 added, Phi-3's matrices joined. All matrices have the weight type `type`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "common/gguf_writer.hpp"
#include "common/naive_model.hpp"

namespace litestage::test {

namespace naive_file {

// The rows of Q or K as converters store them for llama and smollm3: row 2 j + s of a head is row s d / 2 + j.
[[nodiscard]] inline NaiveWeights permuted(const NaiveWeights& w, int heads, int dim) {
  NaiveWeights out = w;
  const std::size_t d = static_cast<std::size_t>(dim), columns = w.size() / (static_cast<std::size_t>(heads) * d);
  for (std::size_t row = 0; row * columns < w.size(); ++row) {
    const std::size_t head = row / d, j = row % d / 2, s = row % 2, from = head * d + s * d / 2 + j;
    std::memcpy(&out[row * columns], &w[from * columns], columns * sizeof(float));
  }
  return out;
}
[[nodiscard]] inline NaiveWeights joined(NaiveWeights a, const NaiveWeights& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace naive_file

[[nodiscard]] inline GgufWriter naive_gguf(const NaiveModel& model, DType type = DType::f32) {
  const NaiveShape& c = model.shape;
  GgufWriter out;
  const std::string arch = c.family + ".";
  const auto u32 = [](int value) { return static_cast<std::uint32_t>(value); };
  out.add("general.architecture", c.family).add(arch + "block_count", u32(c.layers));
  out.add(arch + "embedding_length", u32(c.hidden)).add(arch + "feed_forward_length", u32(c.ffn));
  out.add(arch + "attention.head_count", u32(c.heads)).add(arch + "attention.head_count_kv", u32(c.kv_heads));
  out.add(arch + "attention.key_length", u32(c.head_dim)).add(arch + "attention.value_length", u32(c.head_dim));
  out.add(arch + "attention.layer_norm_rms_epsilon", static_cast<float>(c.eps));
  out.add(arch + "rope.freq_base", static_cast<float>(c.base)).add(arch + "context_length", u32(c.context));
  if (c.rotary_dim != c.head_dim || model.is("phi3")) out.add(arch + "rope.dimension_count", u32(c.rotary_dim));
  if (c.window != 0 || model.is("phi3")) out.add(arch + "attention.sliding_window", u32(c.window));
  if (model.gemma()) out.add(arch + "rope.freq_base_swa", static_cast<float>(c.local_base));
  if (c.period != 6) out.add(arch + "attention.sliding_window_pattern", u32(c.period));
  if (c.softcap != 0) out.add(arch + "final_logit_softcapping", static_cast<float>(c.softcap));
  if (c.scaling == "linear" || c.scaling == "yarn") {
    out.add(arch + "rope.scaling.type", c.scaling).add(arch + "rope.scaling.factor", static_cast<float>(c.factor));
  }
  if (c.original_context != 0) out.add(arch + "rope.scaling.original_context_length", u32(c.original_context));
  if (c.attention_factor != 1) out.add(arch + "rope.scaling.attn_factor", static_cast<float>(c.attention_factor));

  const auto tensor = [&](const std::string& name, const NaiveWeights& w, int rows) {
    if (w.empty()) return;
    const DType stored = rows > 1 ? type : DType::f32;
    const std::size_t columns = w.size() / static_cast<std::size_t>(rows), bytes = row_bytes(stored, columns);
    GgufWriter::Tensor t{name, {columns}, info(stored).gguf_id, {}, std::nullopt};
    if (rows > 1) t.dims.push_back(static_cast<std::uint64_t>(rows));
    t.data.resize(bytes * static_cast<std::size_t>(rows));
    for (std::size_t r = 0; r * bytes < t.data.size(); ++r) {
      quantise_row(stored, &w[r * columns], &t.data[r * bytes], columns);
    }
    out.add(std::move(t));
  };
  const auto norm_tensor = [&](const std::string& name, NaiveWeights w) {
    for (float& value : w) value = model.gemma() ? 1 + value : value;
    tensor(name, w, 1);
  };
  const bool permutes = model.is("llama") || model.is("smollm3");
  const auto turned = [&](const NaiveWeights& w, int heads) {
    return permutes && !w.empty() ? naive_file::permuted(w, heads, c.head_dim) : w;
  };
  tensor("token_embd.weight", model.embedding, c.vocab);
  norm_tensor("output_norm.weight", model.final_norm);
  tensor("output.weight", model.output_head, c.vocab);
  tensor("rope_freqs.weight", model.freqs, 1);
  tensor("rope_factors_short.weight", model.short_factors, 1);
  tensor("rope_factors_long.weight", model.long_factors, 1);
  for (int l = 0; l < c.layers; ++l) {
    const NaiveLayer& w = model.layers[static_cast<std::size_t>(l)];
    const std::string prefix = concat("blk.", l, ".");
    const int q_dim = c.heads * c.head_dim, kv_dim = c.kv_heads * c.head_dim;
    norm_tensor(prefix + "attn_norm.weight", w.n1);
    if (model.gemma()) norm_tensor(prefix + "post_attention_norm.weight", w.n2);
    norm_tensor(prefix + "ffn_norm.weight", w.n3);
    if (model.gemma()) norm_tensor(prefix + "post_ffw_norm.weight", w.n4);
    norm_tensor(prefix + "attn_q_norm.weight", w.q_norm);
    norm_tensor(prefix + "attn_k_norm.weight", w.k_norm);
    const NaiveWeights q = turned(w.wq, c.heads), k = turned(w.wk, c.kv_heads);
    const NaiveWeights bq = turned(w.bq, c.heads), bk = turned(w.bk, c.kv_heads);
    if (model.is("phi3")) {
      tensor(prefix + "attn_qkv.weight", naive_file::joined(naive_file::joined(q, k), w.wv), q_dim + 2 * kv_dim);
      tensor(prefix + "ffn_up.weight", naive_file::joined(w.gate, w.up), 2 * c.ffn);
    } else {
      tensor(prefix + "attn_q.weight", q, q_dim);
      tensor(prefix + "attn_k.weight", k, kv_dim);
      tensor(prefix + "attn_v.weight", w.wv, kv_dim);
      tensor(prefix + "attn_q.bias", bq, 1);
      tensor(prefix + "attn_k.bias", bk, 1);
      tensor(prefix + "attn_v.bias", w.bv, 1);
      tensor(prefix + "ffn_gate.weight", w.gate, c.ffn);
      tensor(prefix + "ffn_up.weight", w.up, c.ffn);
    }
    tensor(prefix + "attn_output.weight", w.wo, c.hidden);
    tensor(prefix + "ffn_down.weight", w.down, c.hidden);
  }
  return out;
}

}  // namespace litestage::test
