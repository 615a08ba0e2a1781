// Models of random weights, of any size: what a GPU is checked and measured with where no file is at hand.
//
// All matrices of a type are windows on one run of random blocks, each beginning elsewhere: 7B parameters take the
// memory of the largest matrix and a little more. No two begin at the same byte, so that a backend which finds a matrix
// again by its address keeps them apart, and a step reads as much memory on the device as with weights of a file.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gpu/random_blocks.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::gpu_check {

struct NamedShape {
  const char *name, *architecture;
  int layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context;
  double rope_base;
  float norm_eps;
  bool tied;
};

// As the checkpoints' config.json say.
inline constexpr NamedShape named_shapes[] = {
    {"smollm2-135m", "llama", 30, 576, 9, 3, 64, 1536, 49152, 8192, 1e5, 1e-5f, true},
    {"qwen2.5-0.5b", "qwen2", 24, 896, 14, 2, 64, 4864, 151936, 32768, 1e6, 1e-6f, true},
    {"tinyllama-1.1b", "llama", 22, 2048, 32, 4, 64, 5632, 32000, 2048, 1e4, 1e-5f, false},
    {"qwen2.5-1.5b", "qwen2", 28, 1536, 12, 2, 128, 8960, 151936, 32768, 1e6, 1e-6f, true},
    {"llama-7b", "llama", 32, 4096, 32, 32, 128, 11008, 32000, 4096, 1e4, 1e-5f, false},
};

[[nodiscard]] inline std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const NamedShape& shape : named_shapes) names.emplace_back(shape.name);
  return names;
}

[[nodiscard]] inline ModelConfig named_config(const std::string& name) {
  for (const NamedShape& shape : named_shapes) {
    if (name != shape.name) continue;
    ModelConfig c;
    c.architecture = shape.architecture;
    c.n_layers = shape.layers;
    c.hidden = shape.hidden;
    c.n_heads = shape.heads;
    c.n_kv_heads = shape.kv_heads;
    c.head_dim = c.rope.rotary_dim = shape.head_dim;
    c.ffn = shape.ffn;
    c.vocab = shape.vocab;
    c.max_context = shape.context;
    c.rope.base = shape.rope_base;
    c.rope.pairing = c.architecture == "qwen2" ? RopePairing::halves : RopePairing::interleaved;
    c.norm_eps = shape.norm_eps;
    c.tied_head = shape.tied;
    return c;
  }
  throw Error(concat("shape ", in_quotes(name), " is unknown, accepted are those that --help lists"));
}

// Rows that are no whole number of blocks of 256 take the type of blocks of 32 that llama.cpp's quantize takes for
// them.
[[nodiscard]] inline DType type_for(DType type, int columns) {
  if (columns % static_cast<int>(info(type).block_size) == 0) return type;
  if (type == DType::q4_k) return DType::q5_0;
  if (type == DType::q5_k) return DType::q5_1;
  if (type == DType::q6_k) return DType::q8_0;
  throw Error(concat(name(type), " has blocks of ", info(type).block_size, ", rows here have ", columns, " numbers"));
}

// Names the tensors of a model, then makes the numbers of all.
class SyntheticTensors {
 public:
  explicit SyntheticTensors(std::uint64_t seed) : random_(seed) {}

  void matrix(RawTensor& t, const std::string& name, DType type, int rows, int columns) {
    t = {name, type_for(type, columns), static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), nullptr};
    matrices_[t.type].push_back(&t);
  }
  void vector(RawTensor& t, const std::string& name, int size, float mean) {
    t = {name, DType::f32, 1, static_cast<std::size_t>(size), nullptr};
    Buffer<std::byte> bytes(t.bytes());
    random_blocks(t.type, bytes.data(), t.columns, 0.1f, mean, random_);
    t.data = keep(std::move(bytes));
  }
  // `spread`: the standard deviation of the weights.
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
  static constexpr std::size_t apart = 256 * 1009;  // numbers between the beginnings of two windows

  const std::byte* keep(Buffer<std::byte> bytes) {
    storage_->push_back(std::move(bytes));
    return storage_->back().data();
  }

  SplitMix64 random_;
  std::map<DType, std::vector<RawTensor*>> matrices_;
  std::shared_ptr<std::vector<Buffer<std::byte>>> storage_ = std::make_shared<std::vector<Buffer<std::byte>>>();
};

inline void name_layer(SyntheticTensors& tensors, LayerTensors& t, const ModelConfig& c, DType type, int l,
                       bool qk_norm) {
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
  tensors.vector(t.mlp_norm, prefix + "ffn_norm.weight", c.hidden, 1);
  tensors.matrix(t.w_gate, prefix + "ffn_gate.weight", type, c.ffn, c.hidden);
  tensors.matrix(t.w_up, prefix + "ffn_up.weight", type, c.ffn, c.hidden);
  tensors.matrix(t.w_down, prefix + "ffn_down.weight", type, c.hidden, c.ffn);
}

// "qwen2" has biases of Q, K and V; `qk_norm`: RMSNorm of each head.
[[nodiscard]] inline ModelSource synthetic_model(const ModelConfig& config, DType type, bool qk_norm = false) {
  SyntheticTensors tensors(1);
  ModelSource source;
  source.path = "random weights";
  source.config = config;
  ModelTensors& t = source.tensors;
  t.layers.resize(static_cast<std::size_t>(config.n_layers));  // at once: tensors are filled in where they are
  tensors.matrix(t.embedding, "token_embd.weight", type, config.vocab, config.hidden);
  tensors.vector(t.final_norm, "output_norm.weight", config.hidden, 1);
  if (!config.tied_head) tensors.matrix(t.head, "output.weight", type, config.vocab, config.hidden);
  for (int l = 0; l < config.n_layers; ++l) {
    name_layer(tensors, t.layers[static_cast<std::size_t>(l)], config, type, l, qk_norm);
  }
  tensors.make(0.6f / std::sqrt(static_cast<float>(config.hidden)));
  source.storage = tensors.storage();
  validate(source);
  return source;
}

}  // namespace litestage::gpu_check
