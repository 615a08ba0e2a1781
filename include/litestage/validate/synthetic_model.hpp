// Models of random weights, of any size, to check and measure a backend without a model file.
//
// All matrices of a type are windows on one array of random blocks, so 7B parameters take little more memory than the
// largest matrix. No two windows begin at the same byte. A backend that identifies a matrix by its address therefore
// keeps them apart, and a step reads as much device memory as with the weights of a file.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "litestage/model/source/weights.hpp"
#include "litestage/validate/random_blocks.hpp"

namespace litestage::validation {

// The type of a matrix with this number of columns: `type`, or, if a row is not a whole number of its blocks of 256,
// the type with blocks of 32 that llama.cpp's quantize uses instead.
[[nodiscard]] inline DType type_for(DType type, std::size_t columns) {
  if (columns % info(type).block_size == 0) return type;
  if (type == DType::q4_k) return DType::q5_0;
  if (type == DType::q5_k) return DType::q5_1;
  if (type == DType::q6_k) return DType::q8_0;
  if (type == DType::q2_k || type == DType::q3_k || type == DType::iq4_xs) return DType::iq4_nl;
  throw Error(concat(name(type), " has blocks of ", info(type).block_size, ", rows here have ", columns, " numbers"));
}

// Declares the tensors of a model, then makes their numbers.
class SyntheticTensors {
 public:
  explicit SyntheticTensors(std::uint64_t seed) : random_(seed) {}

  void matrix(RawTensor& t, const std::string& name, DType type, std::size_t rows, std::size_t columns) {
    t = {.name = name, .type = type_for(type, columns), .rows = rows, .columns = columns};
    matrices_[t.type].push_back(&t);
  }
  void vector(RawTensor& t, const std::string& name, std::size_t size, float mean) {
    t = {.name = name, .type = DType::f32, .rows = 1, .columns = size};
    Buffer<std::byte> bytes(t.bytes());
    random_blocks(t.type, bytes.data(), t.columns, 0.1f, mean, random_);
    t.data = keep(std::move(bytes));
  }
  // Makes the numbers of all matrices. `spread`: the standard deviation of the weights.
  void make(float spread) {
    for (auto& [type, tensors] : matrices_) {
      const std::size_t shift = apart / info(type).block_size * info(type).block_bytes;
      std::size_t size = 0;
      for (std::size_t i = 0; i < tensors.size(); ++i) size = std::max(size, i * shift + tensors[i]->bytes());
      Buffer<std::byte> bytes(size);
      random_blocks(type, bytes.data(), size / info(type).block_bytes, spread, 0, random_);
      const std::byte* data = keep(std::move(bytes));
      for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i]->data = data + i * shift;
    }
  }
  [[nodiscard]] std::shared_ptr<const void> storage() const { return storage_; }

 private:
  static constexpr std::size_t apart = 256 * 1009;  // numbers between the starts of two windows

  const std::byte* keep(Buffer<std::byte> bytes) {
    storage_->push_back(std::move(bytes));
    return storage_->back().data();
  }

  SplitMix64 random_;
  std::map<DType, std::vector<RawTensor*>> matrices_;
  std::shared_ptr<std::vector<Buffer<std::byte>>> storage_ = std::make_shared<std::vector<Buffer<std::byte>>>();
};

inline void declare_layer(SyntheticTensors& tensors, LayerTensors& t, const ModelConfig& c, DType type, int l,
                          bool qk_norm, bool post_norm) {
  const std::string prefix = concat("blk.", l, ".");
  tensors.vector(t.attention_norm, prefix + "attn_norm.weight", c.hidden, 1);
  tensors.matrix(t.wq, prefix + "attn_q.weight", type, c.q_dim(), c.hidden);
  tensors.matrix(t.wk, prefix + "attn_k.weight", type, c.kv_dim(), c.hidden);
  tensors.matrix(t.wv, prefix + "attn_v.weight", type, c.kv_dim(), c.hidden);
  if (c.architecture == "qwen2") {
    tensors.vector(t.bq, prefix + "attn_q.bias", c.q_dim(), 0);
    tensors.vector(t.bk, prefix + "attn_k.bias", c.kv_dim(), 0);
    tensors.vector(t.bv, prefix + "attn_v.bias", c.kv_dim(), 0);
  }
  if (qk_norm) {
    tensors.vector(t.q_norm, prefix + "attn_q_norm.weight", c.head_dim, 1);
    tensors.vector(t.k_norm, prefix + "attn_k_norm.weight", c.head_dim, 1);
  }
  tensors.matrix(t.wo, prefix + "attn_output.weight", type, c.hidden, c.q_dim());
  if (post_norm) {
    tensors.vector(t.attention_post_norm, prefix + "post_attention_norm.weight", c.hidden, 1);
    tensors.vector(t.mlp_post_norm, prefix + "post_ffw_norm.weight", c.hidden, 1);
  }
  tensors.vector(t.mlp_norm, prefix + "ffn_norm.weight", c.hidden, 1);
  tensors.matrix(t.w_gate, prefix + "ffn_gate.weight", type, c.ffn, c.hidden);
  tensors.matrix(t.w_up, prefix + "ffn_up.weight", type, c.ffn, c.hidden);
  tensors.matrix(t.w_down, prefix + "ffn_down.weight", type, c.hidden, c.ffn);
}

// A model of random weights. The architecture "qwen2" gets Q, K and V biases. `qk_norm`: RMSNorm of every head;
// `post_norm`: of what attention and MLP add.
[[nodiscard]] inline ModelSource synthetic_model(const ModelConfig& config, DType type, bool qk_norm = false,
                                                 bool post_norm = false) {
  SyntheticTensors tensors(1);
  ModelSource source;
  source.path = "random weights";
  source.config = config;
  ModelTensors& t = source.tensors;
  t.layers.resize(config.n_layers);  // first, because SyntheticTensors keeps pointers
  tensors.matrix(t.embedding, "token_embd.weight", type, config.vocab, config.hidden);
  tensors.vector(t.final_norm, "output_norm.weight", config.hidden, 1);
  if (!config.tied_head) tensors.matrix(t.head, "output.weight", type, config.vocab, config.hidden);
  for (int l = 0; l < config.n_layers; ++l) {
    declare_layer(tensors, t.layers[l], config, type, l, qk_norm, post_norm);
  }
  tensors.make(0.6f / std::sqrt(static_cast<float>(config.hidden)));
  source.storage = tensors.storage();
  validate(source);
  return source;
}

}  // namespace litestage::validation
