// The tensors of a model as stored in its file. Backends load from here; nothing is copied before that.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/tensor.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage {

// Projections are [outputs, inputs]; vectors are one row. Tensors marked "?" may be absent (empty()).
struct LayerTensors {
  RawTensor attention_norm;        // [hidden]
  RawTensor wq, wk, wv;            // [q_dim | kv_dim | kv_dim, hidden]
  RawTensor bq, bk, bv;            // ? [q_dim | kv_dim | kv_dim]
  RawTensor q_norm, k_norm;        // ? [head_dim], RMSNorm of each head before RoPE
  RawTensor wo;                    // [hidden, q_dim]
  RawTensor attention_post_norm;   // ? [hidden], RMSNorm of what wo gives, before the addition
  RawTensor mlp_norm;              // [hidden]
  RawTensor w_gate, w_up, w_down;  // [ffn, hidden] [ffn, hidden] [hidden, ffn]
  RawTensor mlp_post_norm;         // ? [hidden], RMSNorm of what w_down gives, before the addition
};

struct ModelTensors {
  RawTensor embedding;   // [vocab, hidden]
  RawTensor final_norm;  // [hidden]
  RawTensor head;        // ? [vocab, hidden]; absent if the embedding is tied
  std::vector<LayerTensors> layers;
};

// The tensors that are present, in the order in which a backend loads them.
[[nodiscard]] std::vector<const RawTensor*> all_tensors(const ModelTensors& t);

// A model that a backend can load.
struct ModelSource {
  std::string path;  // for messages
  ModelConfig config;
  ModelTensors tensors;
  std::shared_ptr<const void> storage;  // keeps the tensors' memory alive (a mapped file, or a buffer)
};

// Throws Error naming the tensor whose shape does not fit the configuration.
void validate(const ModelSource& source);

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/source/definitions/weights.hpp"
#endif
