// The hyperparameters of a decoder-only transformer, read at run time: pre-norm, RMSNorm, RoPE, grouped-query
// attention, gated MLP. Families of models differ by named variations, each of which does nothing by default.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/activation.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"
#include "litestage/model/source/rope_config.hpp"

namespace litestage {

// How the attention of a layer differs from that of other layers.
struct LayerKind {
  LayerRope rope = LayerRope::global;
  bool windowed = false;  // a row sees the last ModelConfig::window positions only
  friend bool operator==(const LayerKind&, const LayerKind&) = default;
};

// The kinds of a model's layers, as the plan of a step reads them.
struct LayerKinds {
  std::span<const LayerKind> of_layers = {};  // [n_layers], or empty: all are LayerKind{}
  int window = 0;

  [[nodiscard]] LayerKind operator[](int layer) const { return of_layers.empty() ? LayerKind{} : of_layers[layer]; }
  // The number of positions that a row of the layer sees, its own included; 0: all.
  [[nodiscard]] int window_of(int layer) const { return (*this)[layer].windowed ? window : 0; }
};

// Two more variations are seen by the tensors that a layer has (LayerTensors): norms of each head of Q and K before
// RoPE, and a post-norm between the projection of a residual branch and its addition.
struct ModelConfig {
  std::string architecture;  // "llama", "qwen2", ..., for messages and fingerprints
  int n_layers = 0;
  int hidden = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int head_dim = 0;
  int ffn = 0;
  int vocab = 0;
  int max_context = 0;  // context length in training, in positions
  float norm_eps = 1e-5f;
  RopeConfig rope;                     // of layers with LayerRope::global
  RopeConfig local_rope;               // of layers with LayerRope::local; pairing and rotary_dim are those of `rope`
  int window = 0;                      // positions that a row of a windowed layer sees, its own included
  std::vector<LayerKind> layer_kinds;  // [n_layers], or empty: all are LayerKind{}
  Activation activation = Activation::silu;
  bool tied_head = false;  // the head shares the embedding table
  float embedding_multiplier = 1;
  float residual_multiplier = 1;
  float logit_multiplier = 1;
  float logit_softcap = 0;    // c > 0: logits z become c tanh(z / c); 0: they stay
  float attention_scale = 0;  // 0: 1 / sqrt(head_dim)

  [[nodiscard]] int n_sublayers() const { return 2 * n_layers; }
  [[nodiscard]] int q_dim() const { return n_heads * head_dim; }
  [[nodiscard]] int kv_dim() const { return n_kv_heads * head_dim; }
  [[nodiscard]] LayerKinds kinds() const { return {layer_kinds, window}; }
  // The rotation of a layer, or null if it has none.
  [[nodiscard]] const RopeConfig* rope_of(int layer) const {
    const LayerRope which = kinds()[layer].rope;
    return which == LayerRope::none ? nullptr : which == LayerRope::local ? &local_rope : &rope;
  }
  void validate(std::string_view source) const;
};

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/source/definitions/config.hpp"
#endif
