// The tensors that layers of the families are made of, by their names in transformers (models/*/modeling_*.py).
#pragma once

#include <string>
#include <string_view>

#include "litestage/core/error.hpp"
#include "litestage/io/huggingface/folder_tensors.hpp"
#include "litestage/model/source/joint_tensors.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::io {

// Takes the tensors of one layer by the names of their modules.
class FolderLayer {
 public:
  // norm_offset: what the family adds to the weights of norms.
  FolderLayer(FolderTensors& tensors, int layer, float norm_offset)
      : tensors_(tensors), prefix_(concat("model.layers.", layer, ".")), norm_offset_(norm_offset) {}

  [[nodiscard]] const std::string& source() const { return tensors_.folder(); }
  [[nodiscard]] RawTensor matrix(std::string_view module) { return tensors_.matrix(named(module, "weight")); }
  [[nodiscard]] RawTensor bias(std::string_view module) { return tensors_.vector(named(module, "bias")); }
  [[nodiscard]] RawTensor norm(std::string_view module) {
    return tensors_.vector(named(module, "weight"), norm_offset_);
  }

 private:
  [[nodiscard]] std::string named(std::string_view module, std::string_view what) const {
    return concat(prefix_, module, ".", what);
  }

  FolderTensors& tensors_;
  std::string prefix_;
  float norm_offset_;
};

// The attention without biases, norms of heads and post-norm.
inline void take_attention(FolderLayer& take, LayerTensors& t) {
  t.attention_norm = take.norm("input_layernorm");
  t.wq = take.matrix("self_attn.q_proj");
  t.wk = take.matrix("self_attn.k_proj");
  t.wv = take.matrix("self_attn.v_proj");
  t.wo = take.matrix("self_attn.o_proj");
}

inline void take_qkv_biases(FolderLayer& take, LayerTensors& t) {
  t.bq = take.bias("self_attn.q_proj");
  t.bk = take.bias("self_attn.k_proj");
  t.bv = take.bias("self_attn.v_proj");
}

inline void take_head_norms(FolderLayer& take, LayerTensors& t) {
  t.q_norm = take.norm("self_attn.q_norm");
  t.k_norm = take.norm("self_attn.k_norm");
}

// The MLP without its norms.
inline void take_projections_of_mlp(FolderLayer& take, LayerTensors& t) {
  t.w_gate = take.matrix("mlp.gate_proj");
  t.w_up = take.matrix("mlp.up_proj");
  t.w_down = take.matrix("mlp.down_proj");
}

// The MLP of a layer without post-norms, where the name of the MLP's norm says that it comes after the attention.
inline void take_mlp(FolderLayer& take, LayerTensors& t) {
  t.mlp_norm = take.norm("post_attention_layernorm");
  take_projections_of_mlp(take, t);
}

}  // namespace litestage::io
