// Names and shapes of tensors: huggingface/peft, src/peft/tuners/lora/layer.py and src/peft/utils/save_and_load.py.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/adapters/check_pair.hpp"
#include "litestage/io/adapters/peft_adapter.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/gguf/fingerprint.hpp"

namespace litestage::io {

namespace detail {

// How the name of a tensor ends.
struct PeftEnding {
  std::string_view text, other;  // of the tensor, and of the one that belongs to it
  bool is_a = false, of_embedding = false;
};
inline constexpr PeftEnding peft_endings[] = {
    {".lora_A.weight", ".lora_B.weight", true, false},
    {".lora_B.weight", ".lora_A.weight", false, false},
    {".lora_embedding_A", ".lora_embedding_B", true, true},
    {".lora_embedding_B", ".lora_embedding_A", false, true},
};

struct PeftName {
  std::string stem;    // of the tensor, without its ending
  std::string module;  // as the model names it
  MatrixPlace place;
  const PeftEnding* ending;
};

[[nodiscard]] inline PeftName read_peft_name(std::string_view tensor, const std::string& source) {
  constexpr std::string_view prefix = "base_model.model.";
  for (const PeftEnding& ending : peft_endings) {
    if (!tensor.starts_with(prefix) || !tensor.ends_with(ending.text)) continue;
    const std::string_view stem = tensor.substr(0, tensor.size() - ending.text.size());
    if (stem.size() <= prefix.size()) break;
    const std::string_view module = stem.substr(prefix.size());
    const std::optional<MatrixPlace> place = place_of_module(module);
    if (!place) {
      throw Error(concat(source, ": tensor ", in_quotes(tensor), " is for a module that no model here has, expected ",
                         "names such as model.layers.0.self_attn.q_proj"));
    }
    if ((place->role == MatrixRole::embedding) != ending.of_embedding) break;
    return {std::string(stem), std::string(module), *place, &ending};
  }
  throw Error(concat(source, ": tensor ", in_quotes(tensor), " is not supported, expected the names ", prefix,
                     "MODULE.lora_A.weight and .lora_B.weight, or .lora_embedding_A and _B of an embedding"));
}

// PEFT writes the matrix of the model itself beside the pair of an embedding or a head.
inline constexpr std::string_view base_ending = ".base_layer.weight";

// Whether a tensor is such a matrix, with a pair beside it.
[[nodiscard]] inline bool is_base_matrix(std::string_view tensor, const SafeTensors& file) {
  if (!tensor.ends_with(base_ending)) return false;
  const std::string_view stem = tensor.substr(0, tensor.size() - base_ending.size());
  return std::any_of(std::begin(peft_endings), std::end(peft_endings),
                     [&](const PeftEnding& ending) { return file.tensors().contains(concat(stem, ending.text)); });
}

// The matrix is the model's own, and need not be read, if it has the shape of the pair, which has that of the model.
inline void check_base_matrix(const LoraPair& pair, const std::string& stem, const SafeTensors& file) {
  const auto found = file.tensors().find(concat(stem, base_ending));
  if (found == file.tensors().end()) return;
  const std::size_t rows = pair.outputs.rows(), columns = pair.inputs.columns();
  if (found->second.shape == std::vector<std::size_t>{rows, columns}) return;
  throw Error(concat(file.source(), ": tensor ", found->first, " is ", shape_words(found->second), ", expected ", rows,
                     " x ", columns, ", the shape for which ", pair.inputs.stored.name, " and ",
                     pair.outputs.stored.name, " are"));
}

[[nodiscard]] inline RawTensor peft_matrix(const std::string& name, const SafeTensor& t, const std::string& source) {
  const std::optional<DType> type = stored_type(t);
  if (!type) throw Error(concat(source, ": tensor ", name, " is ", t.type, ", expected F32, F16 or BF16"));
  if (t.shape.size() == 2 && !t.contents.empty()) return {name, *type, t.shape[0], t.shape[1], t.contents.data()};
  throw Error(concat(source, ": tensor ", name, " is ", shape_words(t), ", expected two dimensions above 0"));
}

[[nodiscard]] inline std::string file_of_adapter(const std::string& folder, std::string_view name) {
  std::string path = concat(folder, "/", name);
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored)) return path;
  const bool pickled = std::filesystem::exists(concat(folder, "/adapter_model.bin"), ignored);
  throw Error(concat(folder, ": has no ", name, pickled && name == peft_tensors_file ? " (but adapter_model.bin)" : "",
                     ", expected ", peft_config_file, " and ", peft_tensors_file, " in the folder of an adapter"));
}

}  // namespace detail

LITESTAGE_INLINE std::vector<LoraPair> read_peft_pairs(const SafeTensors& file, const PeftConfig& config) {
  std::vector<LoraPair> pairs;
  for (const auto& [name, tensor] : file.tensors()) {
    if (detail::is_base_matrix(name, file)) continue;
    const detail::PeftName read = detail::read_peft_name(name, file.source());
    const auto other = file.tensors().find(concat(read.stem, read.ending->other));
    if (other == file.tensors().end()) {
      throw Error(concat(file.source(), ": tensor ", in_quotes(name), " has no ", read.ending->other.substr(1),
                         " beside it, expected both"));
    }
    if (!read.ending->is_a) continue;  // a pair is made when A is met
    const RawTensor a = detail::peft_matrix(name, tensor, file.source());
    const RawTensor b = detail::peft_matrix(other->first, other->second, file.source());
    const double scale = peft_scale(config, read.module, a.rows);
    // For an embedding, A is [rank, vocab] and B is [hidden, rank], and the transpose of their product is added.
    if (read.ending->of_embedding)
      pairs.push_back({read.place, {b, true}, {a, true}, scale});
    else
      pairs.push_back({read.place, {a, false}, {b, false}, scale});
    check_pair(pairs.back(), file.source());
    detail::check_base_matrix(pairs.back(), read.stem, file);
  }
  if (pairs.empty()) throw Error(concat(file.source(), ": has no tensors, expected those of an adapter"));
  return pairs;
}

LITESTAGE_INLINE LoraAdapter read_peft_adapter(const LoraChoice& choice) {
  const std::string config_path = detail::file_of_adapter(choice.path, peft_config_file);
  const std::string tensors_path = detail::file_of_adapter(choice.path, peft_tensors_file);
  const std::string text = read_file(config_path);
  const PeftConfig config = read_peft_config(parse_json(text, config_path), config_path);
  const SafeTensors file(tensors_path);
  LoraAdapter out;
  out.choice = choice;
  out.pairs = read_peft_pairs(file, config);
  const std::string prints = concat(fingerprint(std::as_bytes(std::span<const char>(text))), fingerprint(file.bytes()));
  out.fingerprint = fingerprint(std::as_bytes(std::span<const char>(prints)));
  out.storage = file.storage();
  return out;
}

}  // namespace litestage::io
