// A model loaded by a backend: configuration and weights. Immutable once loaded, shared by all sessions.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/model/key_offsets.hpp"
#include "litestage/model/source/config.hpp"
#include "litestage/model/source/finite_weights.hpp"
#include "litestage/model/source/sublayer_groups.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {

template <Backend B>
struct Layer {
  AttentionWeights<B> attention;
  MlpWeights<B> mlp;
};

template <Backend B>
struct Model {
  ModelConfig config;
  typename B::Table embedding;          // [vocab, hidden]
  std::vector<Layer<B>> layers;         // [n_layers]
  typename B::Vector final_norm;        // [hidden]
  typename B::Weight head;              // [vocab, hidden]
  std::vector<float> key_offsets;       // [n_layers, kv_dim] or empty, for a K/V cache of Q8_0
  std::vector<int> sublayer_groups;     // [2 * n_layers] from sublayer_groups(): equal numbers, equal cost
  std::shared_ptr<const void> storage;  // the mapped file, to which handles may refer

  [[nodiscard]] AttentionShape attention_shape() const {
    AttentionShape shape;
    shape.n_heads = config.n_heads;
    shape.n_kv_heads = config.n_kv_heads;
    shape.head_dim = config.head_dim;
    shape.rotary_dim = config.rope.rotary_dim;
    shape.rope_halves = config.rope.pairing == RopePairing::halves;
    shape.norm_eps = config.norm_eps;
    shape.scale =
        config.attention_scale != 0 ? config.attention_scale : static_cast<float>(1 / std::sqrt(config.head_dim));
    return shape;
  }
  // Of a cache that this model outlives.
  [[nodiscard]] CacheShape cache_shape(std::size_t slots, std::size_t capacity, KvType type) const {
    CacheShape shape;
    shape.slots = slots;
    shape.layers = config.n_layers;
    shape.capacity = capacity;
    shape.kv_heads = config.n_kv_heads;
    shape.head_dim = config.head_dim;
    shape.type = type;
    if (!key_offsets.empty()) shape.key_offsets = {key_offsets.data(), {shape.layers, shape.entry_size()}};
    return shape;
  }
};

// Loads all weights; `progress(done, total)` is called after each layer. Throws Error if shapes do not fit, if the
// backend does not have enough memory, or if a weight is NaN or infinite.
template <Backend B>
[[nodiscard]] Model<B> load(B& backend, const ModelSource& source,
                            const std::function<void(int, int)>& progress = nullptr) {
  validate(source);
  Model<B> model;
  model.config = source.config;
  model.storage = source.storage;
  model.sublayer_groups = litestage::sublayer_groups(source.tensors);
  const ModelTensors& t = source.tensors;
  backend.expect_weights(all_tensors(t));
  const auto checked = [&](const RawTensor& tensor) -> const RawTensor& {
    check_finite(tensor, source.path);
    return tensor;
  };
  const auto vector = [&](const RawTensor& tensor) { return backend.load_vector(checked(tensor)); };
  const auto weight = [&](const RawTensor& tensor) { return backend.load_weight(checked(tensor)); };
  model.key_offsets = litestage::key_offsets(source);
  model.embedding = backend.load_table(checked(t.embedding));
  model.final_norm = vector(t.final_norm);
  model.head = t.head.empty() ? backend.load_weight(t.embedding) : weight(t.head);
  for (const LayerTensors& l : t.layers) {
    Layer<B> layer;
    layer.attention = {vector(l.attention_norm),
                       weight(l.wq),
                       weight(l.wk),
                       weight(l.wv),
                       vector(l.bq),
                       vector(l.bk),
                       vector(l.bv),
                       vector(l.q_norm),
                       vector(l.k_norm),
                       weight(l.wo),
                       vector(l.attention_post_norm)};
    layer.mlp = {vector(l.mlp_norm), weight(l.w_gate), weight(l.w_up), weight(l.w_down), vector(l.mlp_post_norm)};
    model.layers.push_back(std::move(layer));
    if (progress) progress(static_cast<int>(model.layers.size()), source.config.n_layers);
  }
  return model;
}

}  // namespace litestage
