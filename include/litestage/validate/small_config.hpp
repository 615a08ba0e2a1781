// Small models that together use every attention kernel.
#pragma once

#include <cstddef>

#include "litestage/core/dtype.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage::validation {

// The shape of the small model for a weight type. The shapes differ by type, so that together they use every attention
// kernel: one to eight query heads per key/value head, head sizes up to 256, both pairings of RoPE, with and without
// biases and per-head norms.
[[nodiscard]] inline ModelConfig small_config(DType type) {
  struct Heads {
    int query, kv, size;
  };
  constexpr Heads shapes[] = {{4, 2, 64}, {4, 4, 64}, {4, 1, 128}, {8, 1, 32}, {2, 1, 256}};
  const auto number = static_cast<std::size_t>(type);
  const Heads& heads = shapes[number % 5];
  const bool wide = info(type).block_size == 256;
  ModelConfig c;
  c.architecture = number % 2 == 0 ? "llama" : "qwen2";
  c.n_layers = 2;
  c.hidden = wide ? 256 : 96;
  c.n_heads = heads.query;
  c.n_kv_heads = heads.kv;
  c.head_dim = c.rope.rotary_dim = heads.size;
  c.ffn = wide ? 512 : 160;
  c.vocab = 97;
  c.max_context = 512;
  c.rope.pairing = number % 2 == 0 ? RopePairing::interleaved : RopePairing::halves;
  c.activation = number % 3 == 2 ? Activation::gelu_tanh : Activation::silu;
  return c;
}
// Whether the small model for a weight type has per-head norms.
[[nodiscard]] inline bool has_head_norms(DType type) {
  return static_cast<std::size_t>(type) % 3 == 0;
}

}  // namespace litestage::validation
