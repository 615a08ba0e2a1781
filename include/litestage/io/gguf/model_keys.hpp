// Reads the metadata keys of a llama or qwen2 model in a GGUF file as a ModelConfig. Keys: ggml-org/ggml docs/gguf.md
// and ggml-org/llama.cpp gguf-py/gguf/constants.py. The meaning of a missing key follows llama.cpp src/llama-model.cpp.
#pragma once

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/split_files.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage::io {

namespace detail {

// The keys of one architecture: "llama.block_count" for `block_count`.
class ModelKeys {
 public:
  ModelKeys(const Gguf& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  [[nodiscard]] std::string key(std::string_view name) const { return prefix_ + std::string(name); }

  // A size, stored once or once per layer; all layers must agree.
  [[nodiscard]] std::optional<int> size(std::string_view name) const {
    const std::string k = key(name);
    const auto entry = file_.metadata().find(k);
    if (entry == file_.metadata().end()) return std::nullopt;
    if (entry->second.type != GgufType::array) return checked(k, file_.get<std::int64_t>(k));
    const auto list = file_.get<std::vector<std::int64_t>>(k);
    if (list.empty()) throw Error(concat(file_.source(), ": key ", k, " is an empty array"));
    for (std::int64_t other : list) {
      if (other == list[0]) continue;
      throw Error(concat(file_.source(), ": key ", k, " differs between layers (", list[0], " and ", other,
                         "), expected one value for all"));
    }
    return checked(k, list[0]);
  }
  [[nodiscard]] int required_size(std::string_view name) const {
    if (const auto found = size(name)) return *found;
    throw Error(concat(file_.source(), ": key ", key(name), " is missing"));
  }

  // Checks all other keys of the architecture. A key that is not read here passes only if its value has no effect.
  void refuse_others() const;

 private:
  [[nodiscard]] int checked(const std::string& k, std::int64_t value) const {
    if (value >= 1 && value <= INT_MAX) return static_cast<int>(value);
    throw Error(concat(file_.source(), ": key ", k, " is ", value, ", expected 1 to ", INT_MAX));
  }
  [[nodiscard]] bool rope_is_unscaled_by(std::string_view k, std::string_view name) const;
  void refuse_unless_neutral(std::string_view k, std::string_view name) const;

  const Gguf& file_;
  std::string prefix_;
};

// A key that is accepted only with this value, which changes nothing.
struct NeutralKey {
  std::string_view name;
  double value;
};
// RoPE is divided by a factor if the scaling type is "linear", which is also the default; a factor of 0 means no
// scaling. The type "none" ignores the factor.
inline constexpr std::string_view rope_factors[] = {"rope.scaling.factor", "rope.scale_linear"};
// Keys read only by YaRN, or by nothing.
inline constexpr std::string_view rope_unread[] = {"rope.scaling.original_context_length", "rope.scaling.finetuned"};
inline constexpr NeutralKey neutral_keys[] = {
    {"rope.scale_linear", 1},   {"rope.scaling.factor", 1},      {"rope.scaling.attn_factor", 1},
    {"expert_count", 0},        {"expert_used_count", 0},        {"attention.sliding_window", 0},
    {"attention.clamp_kqv", 0}, {"attention.max_alibi_bias", 0}, {"logit_scale", 1},
    {"residual_scale", 1},      {"embedding_scale", 1},
};

inline bool ModelKeys::rope_is_unscaled_by(std::string_view k, std::string_view name) const {
  const auto is = [&](const auto& names) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
  };
  if (is(rope_unread)) return true;
  if (!is(rope_factors)) return false;
  return file_.get<double>(k) == 0 || file_.find<std::string>(key("rope.scaling.type")).value_or("linear") == "none";
}

inline void ModelKeys::refuse_unless_neutral(std::string_view k, std::string_view name) const {
  if (rope_is_unscaled_by(k, name)) return;
  for (const NeutralKey& neutral : neutral_keys) {
    if (neutral.name != name) continue;
    const double found = file_.get<double>(k);
    if (found == neutral.value) return;
    throw Error(concat(file_.source(), ": key ", k, " is ", found, ", expected ", neutral.value));
  }
  if (name == "rope.scaling.type") {
    const auto found = file_.get<std::string>(k);
    if (found == "none" || found == "linear") return;  // the factor of "linear" is checked by its own key
    throw Error(concat(file_.source(), ": key ", k, " is ", in_quotes(found), ", expected \"none\" or \"linear\""));
  }
  if (name == "attention.causal" && file_.get<bool>(k)) return;
  if (name == "use_parallel_residual" && !file_.get<bool>(k)) return;
  throw Error(concat(file_.source(), ": key ", in_quotes(k), " is not supported"));
}

inline void ModelKeys::refuse_others() const {
  // tensor_data_layout names the tool that stored the rows; their order is that of the architecture in all known files.
  static constexpr std::string_view read[] = {"attention.head_count",
                                              "attention.head_count_kv",
                                              "attention.key_length",
                                              "attention.layer_norm_rms_epsilon",
                                              "attention.value_length",
                                              "block_count",
                                              "context_length",
                                              "embedding_length",
                                              "feed_forward_length",
                                              "rope.dimension_count",
                                              "rope.freq_base",
                                              "tensor_data_layout",
                                              "vocab_size"};
  for (auto entry = file_.metadata().lower_bound(prefix_); entry != file_.metadata().end(); ++entry) {
    const std::string_view k = entry->first;
    if (k.substr(0, prefix_.size()) != prefix_) break;
    const std::string_view name = k.substr(prefix_.size());
    if (std::find(std::begin(read), std::end(read), name) == std::end(read)) refuse_unless_neutral(k, name);
  }
}

// Adapters, vocabularies and single parts of a split model are GGUF files too, but no models.
inline void refuse_what_is_no_model(const Gguf& file) {
  const auto type = file.find<std::string>("general.type");
  if (type && *type != "model") {
    throw Error(concat(file.source(), ": key general.type is ", in_quotes(*type), ", expected \"model\""));
  }
  const std::int64_t parts = split_count(file);
  if (parts > 1 && file.files().size() == 1) {  // read from memory, where no other part can be found
    throw Error(concat(file.source(), ": is one of ", parts, " parts of a split model, expected a whole one"));
  }
}

[[nodiscard]] inline int head_size(const ModelKeys& keys, const Gguf& file, const ModelConfig& c) {
  const auto k = keys.size("attention.key_length");
  const auto v = keys.size("attention.value_length");
  if (!k && !v) {
    if (c.hidden % c.n_heads == 0) return c.hidden / c.n_heads;
    throw Error(concat(file.source(), ": key ", keys.key("attention.head_count"), " is ", c.n_heads,
                       ", expected a divisor of the hidden size ", c.hidden, " where no key_length is given"));
  }
  const int other = c.hidden / c.n_heads;
  if (k.value_or(other) == v.value_or(other)) return k.value_or(other);
  throw Error(concat(file.source(), ": keys ", keys.key("attention.key_length"), " and value_length are ",
                     k.value_or(other), " and ", v.value_or(other), ", expected equal ones"));
}

}  // namespace detail

// The shape of the model, without the size of its vocabulary.
[[nodiscard]] inline ModelConfig read_model_config(const Gguf& file) {
  detail::refuse_what_is_no_model(file);
  ModelConfig c;
  c.architecture = file.get<std::string>("general.architecture");
  if (c.architecture != "llama" && c.architecture != "qwen2") {
    throw Error(concat(file.source(), ": key general.architecture is ", in_quotes(c.architecture),
                       ", expected \"llama\" or \"qwen2\""));
  }
  const detail::ModelKeys keys(file, c.architecture);
  keys.refuse_others();
  c.n_layers = keys.required_size("block_count");
  c.hidden = keys.required_size("embedding_length");
  c.ffn = keys.required_size("feed_forward_length");
  c.n_heads = keys.required_size("attention.head_count");
  c.n_kv_heads = keys.size("attention.head_count_kv").value_or(c.n_heads);
  c.head_dim = detail::head_size(keys, file, c);
  c.max_context = keys.required_size("context_length");
  c.norm_eps = static_cast<float>(file.get<double>(keys.key("attention.layer_norm_rms_epsilon")));
  c.rope.pairing = c.architecture == "llama" ? RopePairing::interleaved : RopePairing::halves;
  c.rope.base = file.find<double>(keys.key("rope.freq_base")).value_or(10000.0);
  c.rope.rotary_dim = keys.size("rope.dimension_count").value_or(c.head_dim);
  return c;
}

// The number of rows of the embedding table, which must agree with the key if it exists.
[[nodiscard]] inline int vocabulary_size(const Gguf& file, std::size_t rows) {
  const detail::ModelKeys keys(file, file.get<std::string>("general.architecture"));
  const auto said = keys.size("vocab_size");
  if (rows > INT_MAX || (said && static_cast<std::size_t>(*said) != rows)) {
    throw Error(concat(file.source(), ": key ", keys.key("vocab_size"), " is ", said.value_or(0), ", expected the ",
                       rows, " rows of token_embd.weight"));
  }
  // Files for uses other than text may have no tokens. If there are tokens, each has a row.
  const auto tokens = file.find<std::vector<std::string>>("tokenizer.ggml.tokens");
  if (tokens && tokens->size() != rows) {
    throw Error(concat(file.source(), ": key tokenizer.ggml.tokens has ", tokens->size(), " tokens, expected the ",
                       rows, " rows of token_embd.weight"));
  }
  return static_cast<int>(rows);
}

}  // namespace litestage::io
