// Writes the folder of a naive model, as transformers saves it: config.json in the form of either version, tensors in
// safetensors.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/folder_writer.hpp"
#include "common/io_scratch.hpp"
#include "common/naive_file.hpp"
#include "common/naive_model.hpp"
#include "common/quantise.hpp"
#include "litestage/io/files/json.hpp"

namespace litestage::test {

namespace naive_folder {

[[nodiscard]] inline Form rope_of(const NaiveModel& model, const std::string& type_key) {
  const NaiveShape& c = model.shape;
  Form rope;
  if (c.scaling == "none") return rope.add(type_key, "default");
  rope.add(type_key, c.scaling);
  if (c.scaling == "linear" || c.scaling == "yarn" || c.scaling == "llama3") rope.add("factor", c.factor);
  if (c.scaling == "llama3") rope.add("low_freq_factor", 1).add("high_freq_factor", 4);
  if (c.original_context != 0 && !model.is("phi3")) rope.add("original_max_position_embeddings", c.original_context);
  const std::pair<const char*, const NaiveWeights*> lists[] = {{"short_factor", &model.short_factors},
                                                               {"long_factor", &model.long_factors}};
  for (const auto& [key, factors] : lists) {
    if (!factors->empty()) rope.add(key, Form::List(factors->begin(), factors->end()));
  }
  return rope;
}

// Transformers 4 writes RoPE beside the other keys.
inline void add_rope_keys(Form& out, const NaiveModel& model) {
  const NaiveShape& c = model.shape;
  out.add("rope_theta", c.base);
  out.add("rope_scaling", c.scaling == "none" ? Form() : rope_of(model, "type"));
  if (model.gemma()) out.add("rope_local_base_freq", c.local_base);
  if (model.is("phi3")) out.add("partial_rotary_factor", static_cast<double>(c.rotary_dim) / c.head_dim);
}

// Transformers 5 writes it as an object, for Gemma 3 one for each kind of layers.
inline void add_rope_parameters(Form& out, const NaiveModel& model) {
  const NaiveShape& c = model.shape;
  Form rope = rope_of(model, "rope_type").add("rope_theta", c.base);
  if (model.is("phi3")) {
    rope.add("partial_rotary_factor", static_cast<double>(c.rotary_dim) / c.head_dim);
    if (c.attention_factor != 1) rope.add("attention_factor", c.attention_factor);
  }
  if (!model.gemma()) return static_cast<void>(out.add("rope_parameters", std::move(rope)));
  Form local, kinds;
  local.add("rope_type", "default").add("rope_theta", c.local_base);
  kinds.add("full_attention", std::move(rope)).add("sliding_attention", std::move(local));
  out.add("rope_parameters", std::move(kinds));
}

inline void add_variations(Form& out, const NaiveModel& model) {
  const NaiveShape& c = model.shape;
  if (!c.windows.empty()) {
    Form::List types;
    for (const bool windowed : c.windows) types.emplace_back(windowed ? "sliding_attention" : "full_attention");
    out.add("layer_types", std::move(types));
    if (!model.gemma()) out.add("use_sliding_window", true);
  }
  out.add("sliding_window", c.window == 0 ? Form() : Form(c.window));
  if (!c.ropeless.empty()) {
    Form::List rotates;
    for (const bool none : c.ropeless) rotates.emplace_back(none ? 0 : 1);
    out.add("no_rope_layers", std::move(rotates));
  }
  if (model.gemma()) {
    out.add("hidden_activation", "gelu_pytorch_tanh").add("sliding_window_pattern", c.period);
    out.add("query_pre_attn_scalar", c.query_scalar > 0 ? c.query_scalar : static_cast<double>(c.head_dim));
    out.add("final_logit_softcapping", c.softcap == 0 ? Form() : Form(c.softcap));
  }
  if (model.is("phi3") && c.original_context != 0) out.add("original_max_position_embeddings", c.original_context);
}

}  // namespace naive_folder

// version: that of transformers, 4 or 5.
[[nodiscard]] inline Form naive_config(const NaiveModel& model, int version) {
  const NaiveShape& c = model.shape;
  const bool mistral = model.is("llama") && c.window != 0;
  const std::string name = mistral               ? "Mistral"
                           : model.is("llama")   ? "Llama"
                           : model.is("qwen2")   ? "Qwen2"
                           : model.is("qwen3")   ? "Qwen3"
                           : model.is("smollm3") ? "SmolLM3"
                           : model.is("phi3")    ? "Phi3"
                                                 : "Gemma3";
  Form out;
  out.add("architectures", Form::List{Form(name + "ForCausalLM")});
  out.add("model_type", mistral ? "mistral" : model.gemma() ? "gemma3_text" : c.family);
  out.add("hidden_size", c.hidden).add("intermediate_size", c.ffn).add("num_hidden_layers", c.layers);
  out.add("num_attention_heads", c.heads).add("num_key_value_heads", c.kv_heads).add("head_dim", c.head_dim);
  out.add("max_position_embeddings", c.context).add("vocab_size", c.vocab).add("rms_norm_eps", c.eps);
  out.add("tie_word_embeddings", c.tied);
  naive_folder::add_variations(out, model);
  if (version == 4)
    naive_folder::add_rope_keys(out, model);
  else
    naive_folder::add_rope_parameters(out, model);
  return out;
}

// Matrices are stored in `type`, one of F32, F16 and BF16, vectors in F32.
[[nodiscard]] inline SafeTensorsWriter naive_safetensors(const NaiveModel& model, DType type = DType::f32) {
  const NaiveShape& c = model.shape;
  SafeTensorsWriter out;
  const auto tensor = [&](const std::string& name, const NaiveWeights& w, int n_rows) {
    if (w.empty()) return;
    const auto rows = static_cast<std::size_t>(n_rows);
    const DType stored = rows > 1 ? type : DType::f32;
    const std::size_t columns = w.size() / rows, bytes = row_bytes(stored, columns);
    std::string data(rows * bytes, '\0');
    for (std::size_t r = 0; r < rows; ++r) {
      quantise_row(stored, &w[r * columns], reinterpret_cast<std::byte*>(&data[r * bytes]), columns);
    }
    const std::vector<std::size_t> vector_shape = {columns}, matrix_shape = {rows, columns};
    out.add(name, std::string(litestage::name(stored)), rows > 1 ? matrix_shape : vector_shape, data);
  };
  tensor("model.embed_tokens.weight", model.embedding, c.vocab);
  tensor("model.norm.weight", model.final_norm, 1);
  tensor("lm_head.weight", model.output_head, c.vocab);
  for (int l = 0; l < c.layers; ++l) {
    const NaiveLayer& w = model.layers[static_cast<std::size_t>(l)];
    const std::string prefix = concat("model.layers.", l, "."), attention = prefix + "self_attn.",
                      mlp = prefix + "mlp.";
    const int q_dim = c.heads * c.head_dim, kv_dim = c.kv_heads * c.head_dim;
    tensor(prefix + "input_layernorm.weight", w.n1, 1);
    tensor(prefix + "post_attention_layernorm.weight", model.gemma() ? w.n2 : w.n3, 1);
    if (model.gemma()) tensor(prefix + "pre_feedforward_layernorm.weight", w.n3, 1);
    if (model.gemma()) tensor(prefix + "post_feedforward_layernorm.weight", w.n4, 1);
    tensor(attention + "q_norm.weight", w.q_norm, 1);
    tensor(attention + "k_norm.weight", w.k_norm, 1);
    if (model.is("phi3")) {
      const NaiveWeights qkv = naive_file::joined(naive_file::joined(w.wq, w.wk), w.wv);
      tensor(attention + "qkv_proj.weight", qkv, q_dim + 2 * kv_dim);
      tensor(mlp + "gate_up_proj.weight", naive_file::joined(w.gate, w.up), 2 * c.ffn);
    } else {
      tensor(attention + "q_proj.weight", w.wq, q_dim);
      tensor(attention + "k_proj.weight", w.wk, kv_dim);
      tensor(attention + "v_proj.weight", w.wv, kv_dim);
      tensor(attention + "q_proj.bias", w.bq, 1);
      tensor(attention + "k_proj.bias", w.bk, 1);
      tensor(attention + "v_proj.bias", w.bv, 1);
      tensor(mlp + "gate_proj.weight", w.gate, c.ffn);
      tensor(mlp + "up_proj.weight", w.up, c.ffn);
    }
    tensor(attention + "o_proj.weight", w.wo, c.hidden);
    tensor(mlp + "down_proj.weight", w.down, c.hidden);
  }
  return out;
}

// Writes both files; returns the folder's path.
inline std::string write_naive_folder(const ScratchFolder& folder, const NaiveModel& model, const Form& config,
                                      DType type = DType::f32) {
  folder.write("model.safetensors", naive_safetensors(model, type).bytes());
  folder.write("config.json", io::to_json(config));
  return folder.path();
}

}  // namespace litestage::test
