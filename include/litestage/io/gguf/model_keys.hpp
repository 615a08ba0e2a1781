// The metadata keys of a model's architecture in a GGUF file. Keys: ggml-org/ggml docs/gguf.md and ggml-org/llama.cpp
// gguf-py/gguf/constants.py. The meaning of a missing key follows llama.cpp src/llama-model.cpp.
#pragma once

#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/gguf/gguf.hpp"

namespace litestage::io {

// The keys of one architecture: "llama.block_count" for `block_count`.
class ModelKeys {
 public:
  ModelKeys(const Gguf& file, std::string architecture) : file_(file), prefix_(std::move(architecture) + ".") {}

  [[nodiscard]] const Gguf& file() const { return file_; }
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
  // A size that may be 0, which is also the meaning of a missing key.
  [[nodiscard]] int size_or_zero(std::string_view name) const {
    const std::string k = key(name);
    const std::int64_t found = file_.find<std::int64_t>(k).value_or(0);
    return found == 0 ? 0 : checked(k, found);
  }
  [[nodiscard]] double number(std::string_view name, double otherwise) const {
    return file_.find<double>(key(name)).value_or(otherwise);
  }

  // Checks all other keys of the architecture. A key that is neither in `read` nor read for every architecture passes
  // only if its value has no effect.
  void refuse_others(std::span<const std::string_view> read) const;

 private:
  [[nodiscard]] int checked(const std::string& k, std::int64_t value) const {
    if (value >= 1 && value <= INT_MAX) return static_cast<int>(value);
    throw Error(concat(file_.source(), ": key ", k, " is ", value, ", expected 1 to ", INT_MAX));
  }
  void refuse_unless_neutral(std::string_view k, std::string_view name) const;

  const Gguf& file_;
  std::string prefix_;
};

namespace detail {

// tensor_data_layout names the tool that stored the rows; their order is that of the architecture in all known files.
// rope.scaling.finetuned says where the scaling comes from.
inline constexpr std::string_view keys_of_all[] = {"attention.head_count",
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
                                                   "rope.scale_linear",
                                                   "rope.scaling.attn_factor",
                                                   "rope.scaling.factor",
                                                   "rope.scaling.finetuned",
                                                   "rope.scaling.original_context_length",
                                                   "rope.scaling.type",
                                                   "tensor_data_layout",
                                                   "vocab_size"};

// A key that is accepted only with this value, which changes nothing.
struct NeutralKey {
  std::string_view name;
  double value;
};
// The betas of YaRN are fixed for the architectures that are read here.
inline constexpr NeutralKey neutral_keys[] = {
    {"rope.scaling.yarn_beta_fast", 32},
    {"rope.scaling.yarn_beta_slow", 1},
    {"expert_count", 0},
    {"expert_used_count", 0},
    {"attention.sliding_window", 0},
    {"attn_logit_softcapping", 0},
    {"final_logit_softcapping", 0},
    {"attention.clamp_kqv", 0},
    {"attention.max_alibi_bias", 0},
    {"logit_scale", 1},
    {"residual_scale", 1},
    {"embedding_scale", 1},
};

[[nodiscard]] inline bool is_one_of(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace detail

inline void ModelKeys::refuse_unless_neutral(std::string_view k, std::string_view name) const {
  for (const detail::NeutralKey& neutral : detail::neutral_keys) {
    if (neutral.name != name) continue;
    const double found = file_.get<double>(k);
    if (found == neutral.value) return;
    throw Error(concat(file_.source(), ": key ", k, " is ", found, ", expected ", neutral.value));
  }
  if (name == "attention.causal" && file_.get<bool>(k)) return;
  if (name == "use_parallel_residual" && !file_.get<bool>(k)) return;
  throw Error(concat(file_.source(), ": key ", in_quotes(k), " is not supported"));
}

inline void ModelKeys::refuse_others(std::span<const std::string_view> read) const {
  for (auto entry = file_.metadata().lower_bound(prefix_); entry != file_.metadata().end(); ++entry) {
    const std::string_view k = entry->first;
    if (k.substr(0, prefix_.size()) != prefix_) break;
    const std::string_view name = k.substr(prefix_.size());
    if (!detail::is_one_of(detail::keys_of_all, name) && !detail::is_one_of(read, name)) refuse_unless_neutral(k, name);
  }
}

}  // namespace litestage::io
