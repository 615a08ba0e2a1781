// The hyperparameters of a decoder-only transformer, read at run time: pre-norm, RMSNorm, RoPE, grouped-query
// attention, gated MLP.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/activation.hpp"
#include "litestage/core/compiled.hpp"
#include "litestage/core/error.hpp"

namespace litestage {

enum class RopePairing : std::uint8_t {
  interleaved,  // (2i, 2i+1): llama in GGUF (its Q/K rows are stored permuted for this), llama2.c
  halves        // (i, i + rotary_dim/2): qwen2, Hugging Face
};

struct RopeConfig {
  RopePairing pairing = RopePairing::interleaved;
  double base = 10000;
  int rotary_dim = 0;          // leading components of a head that are rotated; the whole head in most models
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
  int max_context = 0;  // context length in training, in positions
  float norm_eps = 1e-5f;
  RopeConfig rope;
  Activation activation = Activation::silu;
  bool tied_head = false;  // the head shares the embedding table
  float embedding_multiplier = 1;
  float residual_multiplier = 1;
  float logit_multiplier = 1;
  float attention_scale = 0;  // 0: 1 / sqrt(head_dim)

  [[nodiscard]] int n_sublayers() const { return 2 * n_layers; }
  [[nodiscard]] int q_dim() const { return n_heads * head_dim; }
  [[nodiscard]] int kv_dim() const { return n_kv_heads * head_dim; }
  void validate(std::string_view source) const;
};

}  // namespace litestage

#if LITESTAGE_HEADER_ONLY
#include "litestage/model/source/definitions/config.hpp"
#endif
