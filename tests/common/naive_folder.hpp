// Writes the folder of a naive model of the families llama, mistral and qwen2, as transformers saves it. Naive models
// have the order of rows and the names of parts that folders have.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "common/folder_writer.hpp"
#include "common/naive_model.hpp"

namespace litestage::test {

[[nodiscard]] inline Form naive_config(const NaiveShape& c, const std::string& model_type,
                                       const std::string& model_class) {
  Form form;
  form.add("architectures", Form::List{Form(model_class)})
      .add("model_type", model_type)
      .add("hidden_size", c.hidden)
      .add("intermediate_size", c.ffn)
      .add("num_hidden_layers", c.layers)
      .add("num_attention_heads", c.heads)
      .add("num_key_value_heads", c.kv_heads)
      .add("head_dim", c.head_dim)
      .add("max_position_embeddings", c.context)
      .add("vocab_size", c.vocab)
      .add("rms_norm_eps", c.eps)
      .add("rope_theta", c.base)
      .add("tie_word_embeddings", c.tied);
  if (model_type == "mistral") form.add("sliding_window", c.window == 0 ? Form() : Form(c.window));
  return form;
}

// Matrices are stored in `type`, one of F32, F16 and BF16, vectors in F32.
[[nodiscard]] inline SafeTensorsWriter naive_tensors(const NaiveModel& model, DType type) {
  const auto size = [](int n) { return static_cast<std::size_t>(n); };
  const NaiveShape& c = model.shape;
  SafeTensorsWriter out;
  const auto tensor = [&](const std::string& name, const NaiveWeights& w, std::size_t rows) {
    if (w.empty()) return;
    const DType stored = rows > 1 ? type : DType::f32;
    const std::size_t columns = w.size() / rows, bytes = row_bytes(stored, columns);
    std::string data(rows * bytes, '\0');
    for (std::size_t r = 0; r < rows; ++r) {
      quantise_row(stored, &w[r * columns], reinterpret_cast<std::byte*>(&data[r * bytes]), columns);
    }
    out.add(name, std::string(litestage::name(stored)),
            rows > 1 ? std::vector<std::size_t>{rows, columns} : std::vector<std::size_t>{columns}, data);
  };
  tensor("model.embed_tokens.weight", model.embedding, size(c.vocab));
  tensor("model.norm.weight", model.final_norm, 1);
  tensor("lm_head.weight", model.output_head, size(c.vocab));
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const NaiveLayer& w = model.layers[l];
    const std::string prefix = concat("model.layers.", l, ".");
    const std::size_t q_dim = size(c.heads * c.head_dim), kv_dim = size(c.kv_heads * c.head_dim);
    tensor(prefix + "input_layernorm.weight", w.n1, 1);
    tensor(prefix + "post_attention_layernorm.weight", w.n3, 1);
    tensor(prefix + "self_attn.q_proj.weight", w.wq, q_dim);
    tensor(prefix + "self_attn.k_proj.weight", w.wk, kv_dim);
    tensor(prefix + "self_attn.v_proj.weight", w.wv, kv_dim);
    tensor(prefix + "self_attn.q_proj.bias", w.bq, 1);
    tensor(prefix + "self_attn.k_proj.bias", w.bk, 1);
    tensor(prefix + "self_attn.v_proj.bias", w.bv, 1);
    tensor(prefix + "self_attn.o_proj.weight", w.wo, size(c.hidden));
    tensor(prefix + "mlp.gate_proj.weight", w.gate, size(c.ffn));
    tensor(prefix + "mlp.up_proj.weight", w.up, size(c.ffn));
    tensor(prefix + "mlp.down_proj.weight", w.down, size(c.hidden));
  }
  return out;
}

inline void write_naive_folder(const ScratchFolder& folder, const NaiveModel& model, DType type,
                               const std::string& model_type, const std::string& model_class) {
  folder.write("config.json", io::to_json(naive_config(model.shape, model_type, model_class)));
  folder.write("model.safetensors", naive_tensors(model, type).bytes());
}

}  // namespace litestage::test
