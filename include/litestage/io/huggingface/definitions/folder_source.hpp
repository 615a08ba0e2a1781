// Reads the model of a folder. Names of tensors: transformers, models/*/modeling_*.py.
#pragma once

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "litestage/core/error.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/huggingface/families/known_families.hpp"
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
    throw Error(concat(folder, ": has adapter_config.json and no config.json, expected a whole model, not an adapter"));
  }
  throw Error(concat(folder, ": has no config.json, expected ", folder_files, " in a model's folder"));
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
  source.tensors.final_norm = tensors.vector("model.norm.weight", config.family->norm_offset);
  source.tensors.head = detail::take_head(tensors, source.tensors.embedding, config.model.tied_head, folder);
  for (int l = 0; l < config.model.n_layers; ++l) {
    FolderLayer layer(tensors, l, config.family->norm_offset);
    config.family->take_layer(layer, source.tensors.layers.emplace_back(), config.model);
  }
  tensors.refuse_the_rest(config.family->model_class);
  source.storage = tensors.storage();
  validate(source);
  return out;
}

}  // namespace litestage::io
