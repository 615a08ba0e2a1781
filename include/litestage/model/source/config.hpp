// The shape of a decoder-only transformer: pre-norm, RMSNorm, RoPE, grouped-query attention, gated MLP. Run-time data.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/activation.hpp"
#include "litestage/core/error.hpp"

namespace litestage {

enum class RopePairing : std::uint8_t {
  interleaved,  // (2i, 2i+1): llama in GGUF (its Q/K rows are stored permuted for this), llama2.c
  halves        // (i, i + rotary_dim/2): qwen2, Hugging Face
};

struct RopeConfig {
  RopePairing pairing = RopePairing::interleaved;
  double base = 10000;
  int rotary_dim = 0;          // leading components of a head that rotate; the whole head in most models
  std::vector<float> factors;  // [rotary_dim / 2] or empty: frequency i is divided by factors[i] (Llama 3's rope_freqs)
};

struct ModelConfig {
  std::string architecture;  // "llama", "qwen2", for messages and fingerprints
  int n_layers = 0;
  int hidden = 0;
  int n_heads = 0;
  int n_kv_heads = 0;
  int head_dim = 0;
  int ffn = 0;
  int vocab = 0;
  int max_context = 0;  // positions the model was trained for
  float norm_eps = 1e-5f;
  RopeConfig rope;
  Activation activation = Activation::silu;
  bool tied_head = false;  // the head is the embedding table
  float embedding_multiplier = 1;
  float residual_multiplier = 1;
  float logit_multiplier = 1;
  float attention_scale = 0;  // 0: 1 / sqrt(head_dim)

  [[nodiscard]] int n_sublayers() const { return 2 * n_layers; }
  [[nodiscard]] int q_dim() const { return n_heads * head_dim; }
  [[nodiscard]] int kv_dim() const { return n_kv_heads * head_dim; }
  void validate(std::string_view source) const;
};

// Throws Error naming `source` (a file), the key, what was found and what is accepted.
inline void ModelConfig::validate(std::string_view source) const {
  const auto need = [&](bool ok, std::string_view key, double found, std::string_view accepted) {
    if (!ok) throw Error(concat(source, ": ", key, " is ", found, ", accepted is ", accepted));
  };
  const auto between = [&](int value, std::string_view key, int low, int high) {
    need(value >= low && value <= high, key, value, concat(low, " to ", high));
  };
  between(n_layers, "number of layers", 1, 1024);
  between(hidden, "hidden size", 1, 1 << 16);
  between(n_heads, "number of attention heads", 1, 1024);
  between(n_kv_heads, "number of K/V heads", 1, n_heads);
  need(n_heads % n_kv_heads == 0, "number of K/V heads", n_kv_heads, concat("a divisor of ", n_heads));
  between(head_dim, "head size", 2, 1024);
  between(ffn, "feed-forward size", 1, 1 << 20);
  between(vocab, "vocabulary size", 1, 1 << 22);
  between(max_context, "context length", 1, 1 << 24);
  between(rope.rotary_dim, "rotary dimension", 2, head_dim);
  need(rope.rotary_dim % 2 == 0, "rotary dimension", rope.rotary_dim, "an even number");
  need(rope.base > 0 && rope.base < 1e12, "RoPE base", rope.base, "above 0 and below 1e12");
  need(rope.factors.empty() || static_cast<int>(rope.factors.size()) == rope.rotary_dim / 2, "number of RoPE factors",
       static_cast<double>(rope.factors.size()), concat("0 or ", rope.rotary_dim / 2));
  for (float f : rope.factors) need(f > 0 && f < 1e6f, "RoPE factor", f, "above 0 and below 1e6");
  need(norm_eps >= 0 && norm_eps < 1, "RMSNorm epsilon", norm_eps, "0 to 1");
  const auto positive = [&](float value, std::string_view key) {
    need(value > 0 && std::isfinite(value), key, value, "a finite number above 0");
  };
  positive(embedding_multiplier, "embedding multiplier");
  positive(residual_multiplier, "residual multiplier");
  positive(logit_multiplier, "logit multiplier");
  need(attention_scale >= 0 && std::isfinite(attention_scale), "attention scale", attention_scale,
       "a finite number above 0, or 0 for 1 / sqrt(head size)");
}

}  // namespace litestage
