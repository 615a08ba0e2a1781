// Reads the model of a folder. Names of tensors: transformers, models/*/modeling_*.py.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "litestage/core/error.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/huggingface/folder_config.hpp"
#include "litestage/io/huggingface/folder_source.hpp"
#include "litestage/io/huggingface/folder_tensors.hpp"

namespace litestage::io {

namespace detail {

inline constexpr std::string_view folder_files = "config.json, tokenizer.json and model.safetensors";

inline void refuse_without_config(const std::string& folder) {
  std::error_code ignored;
  const std::filesystem::path path(folder);
  if (std::filesystem::exists(path / "config.json", ignored)) return;
  if (std::filesystem::is_empty(path, ignored))
    throw Error(concat(folder, ": is an empty folder, expected ", folder_files, " in it"));
  if (std::filesystem::exists(path / "adapter_config.json", ignored)) {
    throw Error(concat(
        folder,
        ": has adapter_config.json and no config.json, expected a whole model, not an adapter, which --lora takes"));
  }
  throw Error(concat(folder, ": has no config.json, expected ", folder_files, " in a model's folder"));
}

[[nodiscard]] inline LayerTensors take_layer_of_folder(FolderTensors& tensors, int l, FolderBiases biases) {
  const std::string prefix = concat("model.layers.", l, ".");
  const bool has_biases = biases == FolderBiases::qkv;
  const auto bias = [&](std::string_view name) {
    return has_biases ? tensors.vector(concat(prefix, "self_attn.", name, "_proj.bias")) : RawTensor{};
  };
  LayerTensors t;
  t.attention_norm = tensors.vector(prefix + "input_layernorm.weight");
  t.wq = tensors.matrix(prefix + "self_attn.q_proj.weight");
  t.wk = tensors.matrix(prefix + "self_attn.k_proj.weight");
  t.wv = tensors.matrix(prefix + "self_attn.v_proj.weight");
  t.bq = bias("q");
  t.bk = bias("k");
  t.bv = bias("v");
  t.wo = tensors.matrix(prefix + "self_attn.o_proj.weight");
  t.mlp_norm = tensors.vector(prefix + "post_attention_layernorm.weight");
  t.w_gate = tensors.matrix(prefix + "mlp.gate_proj.weight");
  t.w_up = tensors.matrix(prefix + "mlp.up_proj.weight");
  t.w_down = tensors.matrix(prefix + "mlp.down_proj.weight");
  return t;
}

// The output head. A tied one may be stored again; where it differs, versions of transformers disagree on which counts.
[[nodiscard]] inline RawTensor take_head(FolderTensors& tensors, const RawTensor& embedding, bool tied,
                                         const std::string& folder) {
  RawTensor head = tensors.matrix("lm_head.weight", !tied);
  if (!tied || head.empty()) return head;
  const bool same = head.type == embedding.type && head.rows == embedding.rows && head.columns == embedding.columns &&
                    std::memcmp(head.data, embedding.data, head.bytes()) == 0;
  if (same) return {};
  throw Error(concat(folder,
                     ": tensor lm_head.weight differs from model.embed_tokens.weight, expected the same or none where "
                     "tie_word_embeddings is true"));
}

}  // namespace detail

LITESTAGE_INLINE FolderSource read_folder_source(const std::string& folder) {
  detail::refuse_without_config(folder);
  const std::string config_path = folder + "/config.json";
  const FolderConfig config = read_folder_config(read_json_file(config_path), config_path);
  FolderTensors tensors(folder);
  FolderSource out;
  out.paths = tensors.paths();
  ModelSource& source = out.model;
  source.path = folder;
  source.config = config.model;
  source.tensors.embedding = tensors.matrix("model.embed_tokens.weight");
  source.tensors.final_norm = tensors.vector("model.norm.weight");
  source.tensors.head = detail::take_head(tensors, source.tensors.embedding, config.model.tied_head, folder);
  for (int l = 0; l < config.model.n_layers; ++l) {
    source.tensors.layers.push_back(detail::take_layer_of_folder(tensors, l, config.family.biases));
  }
  tensors.refuse_the_rest(config.family.model_class);
  source.storage = tensors.storage();
  validate(source);
  return out;
}

}  // namespace litestage::io
