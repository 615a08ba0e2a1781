// A small random model in memory, of any shape and weight type, for tests of backends, the transformer and the engine.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/quantise.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage::test {

// Splitmix64, with sums of four uniform numbers in place of a normal distribution, because std::normal_distribution
// differs between platforms.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(bits() % n); }
  float uniform() { return static_cast<float>(bits() >> 40) * 0x1p-24f; }  // in [0, 1)
  float normal() {                                                         // mean 0, variance 1, within +-3.47
    float sum = 0;
    for (int i = 0; i < 4; ++i) sum += uniform();
    return (sum - 2) * 1.7320508f;
  }

 private:
  std::uint64_t state_;
};

struct TinyModelOptions {
  std::uint64_t seed = 1;
  DType dtype = DType::f32;  // of every matrix
  bool biases = false;       // on Q, K and V, as qwen2 has them
  bool qk_norm = false;      // RMSNorm of each head's Q and K
  // Different types for some matrices, by the last part of the name: {{"ffn_down", DType::q6_k}, {"token_embd", ...}}.
  std::map<std::string, DType> overrides = {};
  float bias = 0.1f;       // spread of biases
  bool post_norm = false;  // RMSNorm of what attention and MLP add
};

// A config whose rows fit the blocks of `dtype`, with grouped-query attention. Change fields before calling
// `tiny_model`.
[[nodiscard]] inline ModelConfig tiny_config(DType dtype = DType::f32) {
  const bool wide = info(dtype).block_size == 256;
  ModelConfig config;
  config.architecture = "llama";
  config.n_layers = 4;
  config.n_heads = 4;
  config.n_kv_heads = 2;
  config.head_dim = wide ? 64 : 16;
  config.hidden = wide ? 256 : 64;
  config.ffn = wide ? 512 : 96;
  config.vocab = 97;
  config.max_context = 256;
  config.rope.rotary_dim = config.head_dim;
  return config;
}

// Owns the bytes of the tensors it makes, each at a 64-byte boundary.
class TinyModelBuilder {
 public:
  explicit TinyModelBuilder(TinyModelOptions options) : options_(std::move(options)), random_(options_.seed) {}

  // Elements mean + spread * N(0, 1).
  RawTensor tensor(const std::string& name, DType type, int rows, int columns, float mean, float spread) {
    RawTensor result{name, type, static_cast<std::size_t>(rows), static_cast<std::size_t>(columns), nullptr};
    Buffer<std::byte> bytes(result.bytes());
    std::vector<float> row(result.columns);
    for (std::size_t i = 0; i < result.rows; ++i) {
      for (float& w : row) w = std::fma(spread, random_.normal(), mean);
      quantise_row(type, row.data(), bytes.data() + i * row_bytes(type, result.columns), result.columns);
    }
    result.data = bytes.data();
    storage_->push_back(std::move(bytes));
    return result;
  }
  RawTensor matrix(const std::string& prefix, const std::string& name, int rows, int columns) {
    const auto other = options_.overrides.find(name);
    const DType type = other == options_.overrides.end() ? options_.dtype : other->second;
    return tensor(prefix + name + ".weight", type, rows, columns, 0, 0.6f / std::sqrt(static_cast<float>(columns)));
  }
  RawTensor norm(const std::string& name, int size) { return tensor(name, DType::f32, 1, size, 1, 0.1f); }
  RawTensor bias(const std::string& name, int size) { return tensor(name, DType::f32, 1, size, 0, options_.bias); }

  LayerTensors layer(const ModelConfig& c, int l) {
    const std::string prefix = concat("blk.", l, ".");
    LayerTensors t;
    t.attention_norm = norm(prefix + "attn_norm.weight", c.hidden);
    t.wq = matrix(prefix, "attn_q", c.q_dim(), c.hidden);
    t.wk = matrix(prefix, "attn_k", c.kv_dim(), c.hidden);
    t.wv = matrix(prefix, "attn_v", c.kv_dim(), c.hidden);
    if (options_.biases) {
      t.bq = bias(prefix + "attn_q.bias", c.q_dim());
      t.bk = bias(prefix + "attn_k.bias", c.kv_dim());
      t.bv = bias(prefix + "attn_v.bias", c.kv_dim());
    }
    if (options_.qk_norm) {
      t.q_norm = norm(prefix + "attn_q_norm.weight", c.head_dim);
      t.k_norm = norm(prefix + "attn_k_norm.weight", c.head_dim);
    }
    t.wo = matrix(prefix, "attn_output", c.hidden, c.q_dim());
    t.mlp_norm = norm(prefix + "ffn_norm.weight", c.hidden);
    t.w_gate = matrix(prefix, "ffn_gate", c.ffn, c.hidden);
    t.w_up = matrix(prefix, "ffn_up", c.ffn, c.hidden);
    t.w_down = matrix(prefix, "ffn_down", c.hidden, c.ffn);
    if (options_.post_norm) {
      t.attention_post_norm = norm(prefix + "post_attention_norm.weight", c.hidden);
      t.mlp_post_norm = norm(prefix + "post_ffw_norm.weight", c.hidden);
    }
    return t;
  }
  [[nodiscard]] std::shared_ptr<const void> storage() const { return storage_; }

 private:
  TinyModelOptions options_;
  Random random_;
  std::shared_ptr<std::vector<Buffer<std::byte>>> storage_ = std::make_shared<std::vector<Buffer<std::byte>>>();
};

// The model has a separate output head only if the config does not tie it to the embedding.
[[nodiscard]] inline ModelSource tiny_model(const ModelConfig& config, const TinyModelOptions& options = {}) {
  TinyModelBuilder builder(options);
  ModelSource source;
  source.path = "tiny model";
  source.config = config;
  source.tensors.embedding = builder.matrix("", "token_embd", config.vocab, config.hidden);
  source.tensors.final_norm = builder.norm("output_norm.weight", config.hidden);
  if (!config.tied_head) source.tensors.head = builder.matrix("", "output", config.vocab, config.hidden);
  for (int l = 0; l < config.n_layers; ++l) source.tensors.layers.push_back(builder.layer(config, l));
  source.storage = builder.storage();
  validate(source);
  return source;
}

}  // namespace litestage::test
