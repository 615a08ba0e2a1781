// Writes models as folders, as on Hugging Face: valid and broken ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/io_scratch.hpp"
#include "common/small_vocabulary.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/model/source/weights.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::test {

// A safetensors file in memory. Nothing is checked, and the header can be replaced.
class SafeTensorsWriter {
 public:
  std::optional<std::string> header{};          // instead of the true one
  std::optional<std::uint64_t> header_bytes{};  // instead of the header's size
  std::size_t padding = 0;                      // spaces after the header

  SafeTensorsWriter& add(const std::string& name, const std::string& type, const std::vector<std::size_t>& shape,
                         const std::string& data) {
    tensors_.push_back({name, type, shape, data});
    return *this;
  }
  SafeTensorsWriter& add(const std::string& name, const RawTensor& t) {
    const std::string data(reinterpret_cast<const char*>(t.data), t.bytes());
    return add(name, std::string(litestage::name(t.type)),
               t.rows == 1 ? std::vector<std::size_t>{t.columns} : std::vector<std::size_t>{t.rows, t.columns}, data);
  }

  SafeTensorsWriter& remove(const std::string& name) {
    std::erase_if(tensors_, [&](const Tensor& t) { return t.name == name; });
    return *this;
  }

  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Tensor& tensor : tensors_) names.push_back(tensor.name);
    return names;
  }
  [[nodiscard]] std::string bytes() const {
    Form entries{Form::Map{}};
    std::string data;
    for (const Tensor& tensor : tensors_) {
      Form entry;
      entry.add("dtype", tensor.type).add("shape", Form::List(tensor.shape.begin(), tensor.shape.end()));
      entry.add("data_offsets", Form::List{Form(data.size()), Form(data.size() + tensor.data.size())});
      entries.add(tensor.name, std::move(entry));
      data += tensor.data;
    }
    std::string text = header.value_or(io::to_json(entries));
    text.append(padding, ' ');
    const std::uint64_t size = header_bytes.value_or(text.size());
    std::string out(8, '\0');
    std::memcpy(out.data(), &size, 8);
    return out + text + data;
  }

 private:
  struct Tensor {
    std::string name{}, type{};
    std::vector<std::size_t> shape{};
    std::string data{};
  };
  std::vector<Tensor> tensors_{};
};

// The tensors of a model under the names of transformers. A vector has one row: no matrix here may.
inline void add_tensors(SafeTensorsWriter& out, const ModelTensors& t) {
  if (!t.embedding.empty()) out.add("model.embed_tokens.weight", t.embedding);
  out.add("model.norm.weight", t.final_norm);
  if (!t.head.empty()) out.add("lm_head.weight", t.head);
  for (std::size_t l = 0; l < t.layers.size(); ++l) {
    const LayerTensors& layer = t.layers[l];
    const std::string prefix = concat("model.layers.", l, ".");
    const std::pair<const char*, const RawTensor*> named[] = {{"input_layernorm.weight", &layer.attention_norm},
                                                              {"self_attn.q_proj.weight", &layer.wq},
                                                              {"self_attn.k_proj.weight", &layer.wk},
                                                              {"self_attn.v_proj.weight", &layer.wv},
                                                              {"self_attn.q_proj.bias", &layer.bq},
                                                              {"self_attn.k_proj.bias", &layer.bk},
                                                              {"self_attn.v_proj.bias", &layer.bv},
                                                              {"self_attn.o_proj.weight", &layer.wo},
                                                              {"post_attention_layernorm.weight", &layer.mlp_norm},
                                                              {"mlp.gate_proj.weight", &layer.w_gate},
                                                              {"mlp.up_proj.weight", &layer.w_up},
                                                              {"mlp.down_proj.weight", &layer.w_down}};
    for (const auto& [name, tensor] : named) {
      if (!tensor->empty()) out.add(prefix + name, *tensor);
    }
  }
}

// The model.safetensors.index.json of these files.
[[nodiscard]] inline std::string index_of(const std::vector<std::pair<std::string, const SafeTensorsWriter*>>& shards) {
  Form map{Form::Map{}};
  for (const auto& [file, writer] : shards) {
    for (const std::string& name : writer->names()) map.add(name, file);
  }
  Form index;
  index.add("metadata", Form(Form::Map{})).add("weight_map", std::move(map));
  return io::to_json(index);
}

// The config.json of a model of the family llama or qwen2.
[[nodiscard]] inline Form config_of(const ModelConfig& c) {
  const bool qwen2 = c.architecture == "qwen2";
  Form form;
  form.add("architectures", Form::List{Form(qwen2 ? "Qwen2ForCausalLM" : "LlamaForCausalLM")})
      .add("model_type", c.architecture)
      .add("hidden_size", c.hidden)
      .add("intermediate_size", c.ffn)
      .add("num_hidden_layers", c.n_layers)
      .add("num_attention_heads", c.n_heads)
      .add("num_key_value_heads", c.n_kv_heads)
      .add("head_dim", c.head_dim)
      .add("max_position_embeddings", c.max_context)
      .add("vocab_size", c.vocab)
      .add("rms_norm_eps", static_cast<double>(c.norm_eps))
      .add("rope_theta", c.rope.base)
      .add("tie_word_embeddings", c.tied_head);
  return form;
}

// A member of an object, replaced or added, or taken out by nullopt.
[[nodiscard]] inline Form with(const Form& form, const std::string& key, const std::optional<Form>& value) {
  Form::Map members = form.map(key);
  std::erase_if(members, [&](const Form::Member& m) { return m.first == key; });
  Form out{std::move(members)};
  if (value) out.add(key, *value);
  return out;
}

// A byte-level tokenizer.json: the bytes, the merges of `some_merges`, and two control tokens.
[[nodiscard]] inline Form byte_level_tokenizer() {
  Form vocab;
  int id = 0;
  for (int b = 0; b < 256; ++b) vocab.add(byte_level(std::string(1, static_cast<char>(b))), id++);
  Form::List merges;
  for (const Merge& merge : some_merges()) {
    vocab.add(byte_level(merge.left + merge.right), id++);
    merges.emplace_back(byte_level(merge.left) + " " + byte_level(merge.right));
  }
  Form::List tokens;
  for (const char* name : {"<|im_start|>", "<|im_end|>"}) {
    Form token;
    token.add("id", id++).add("content", name).add("special", true).add("normalized", false);
    tokens.push_back(std::move(token));
  }
  Form model, bytes, decoder, file;
  model.add("type", "BPE").add("vocab", std::move(vocab)).add("merges", std::move(merges)).add("unk_token", Form());
  bytes.add("type", "ByteLevel").add("add_prefix_space", false).add("use_regex", true).add("trim_offsets", true);
  decoder.add("type", "ByteLevel");
  file.add("version", "1.0").add("added_tokens", std::move(tokens)).add("model", std::move(model));
  file.add("pre_tokenizer", std::move(bytes)).add("decoder", std::move(decoder));
  return file;
}

inline constexpr int byte_level_tokenizer_size = 256 + 20 + 2;

// Writes a whole folder; returns its path.
inline std::string write_folder(const ScratchFolder& folder, const ModelSource& model) {
  SafeTensorsWriter tensors;
  add_tensors(tensors, model.tensors);
  folder.write("model.safetensors", tensors.bytes());
  folder.write("config.json", io::to_json(config_of(model.config)));
  folder.write("tokenizer.json", io::to_json(byte_level_tokenizer()));
  folder.write("tokenizer_config.json", R"({"eos_token": "<|im_end|>", "bos_token": null})");
  return folder.path();
}

}  // namespace litestage::test
