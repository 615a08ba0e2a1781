// Names of matrices: transformers, models/*/modeling_*.py; ggml-org/llama.cpp gguf-py/gguf/constants.py.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "litestage/io/adapters/matrix_place.hpp"

namespace litestage::io {

namespace detail {

struct MatrixNames {
  MatrixRole role;
  std::string_view module, tensor;  // after the prefix of a layer; an empty name is that of no matrix
};

inline constexpr MatrixNames matrices_of_layer[] = {
    {MatrixRole::q, "self_attn.q_proj", "attn_q"},
    {MatrixRole::k, "self_attn.k_proj", "attn_k"},
    {MatrixRole::v, "self_attn.v_proj", "attn_v"},
    {MatrixRole::qkv, "self_attn.qkv_proj", "attn_qkv"},
    {MatrixRole::out, "self_attn.o_proj", "attn_output"},
    {MatrixRole::gate, "mlp.gate_proj", "ffn_gate"},
    {MatrixRole::up, "mlp.up_proj", "ffn_up"},
    {MatrixRole::down, "mlp.down_proj", "ffn_down"},
    {MatrixRole::gate_up, "mlp.gate_up_proj", ""},
};

// Takes `prefix` from the beginning of a name.
[[nodiscard]] inline bool take_prefix(std::string_view& name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  return true;
}

// Takes "3." from the beginning of a name. A number has one spelling, so that no matrix has two names.
[[nodiscard]] inline std::optional<int> take_layer_number(std::string_view& name) {
  int layer = 0;
  const char* end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, layer);
  if (read.ec != std::errc{} || layer < 0 || !take_prefix(name, std::to_string(layer) + ".")) return std::nullopt;
  return layer;
}

}  // namespace detail

LITESTAGE_INLINE std::optional<MatrixPlace> place_of_module(std::string_view name) {
  if (name == "model.embed_tokens") return MatrixPlace{MatrixRole::embedding};
  if (name == "lm_head") return MatrixPlace{MatrixRole::head};
  if (!detail::take_prefix(name, "model.layers.")) return std::nullopt;
  const std::optional<int> layer = detail::take_layer_number(name);
  for (const detail::MatrixNames& names : detail::matrices_of_layer) {
    if (layer && name == names.module) return MatrixPlace{names.role, *layer};
  }
  return std::nullopt;
}

LITESTAGE_INLINE std::optional<MatrixPlace> place_of_tensor(std::string_view name, bool joint_mlp) {
  if (!name.ends_with(".weight")) return std::nullopt;
  name.remove_suffix(std::string_view(".weight").size());
  if (name == "token_embd") return MatrixPlace{MatrixRole::embedding};
  if (name == "output") return MatrixPlace{MatrixRole::head};
  if (!detail::take_prefix(name, "blk.")) return std::nullopt;
  const std::optional<int> layer = detail::take_layer_number(name);
  if (layer && joint_mlp && name == "ffn_up") return MatrixPlace{MatrixRole::gate_up, *layer};
  for (const detail::MatrixNames& names : detail::matrices_of_layer) {
    if (layer && !names.tensor.empty() && name == names.tensor) return MatrixPlace{names.role, *layer};
  }
  return std::nullopt;
}

}  // namespace litestage::io
