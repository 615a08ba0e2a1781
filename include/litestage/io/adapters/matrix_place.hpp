// Which matrices of a model a name means: the name of a module as in transformers, or of a tensor as in GGUF files.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "litestage/core/compiled.hpp"

namespace litestage::io {

// `qkv` are the rows of Q, K and V one after the other, `gate_up` those of gate and up. A backend has them as separate
// matrices, whether or not the model's file has.
enum class MatrixRole : std::uint8_t { embedding, head, q, k, v, qkv, out, gate, up, gate_up, down };

struct MatrixPlace {
  MatrixRole role = MatrixRole::embedding;
  int layer = 0;  // 0 for embedding and head
  friend bool operator==(const MatrixPlace&, const MatrixPlace&) = default;
};

// "model.layers.3.self_attn.q_proj"; nothing for other names. The layer may be one that no model has.
[[nodiscard]] std::optional<MatrixPlace> place_of_module(std::string_view name);

// "blk.3.attn_q.weight". `joint_mlp`: ffn_up is gate and up in one, as in phi3.
[[nodiscard]] std::optional<MatrixPlace> place_of_tensor(std::string_view name, bool joint_mlp);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/adapters/definitions/matrix_place.hpp"
#endif
