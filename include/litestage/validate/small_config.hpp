// Small models that together use every attention kernel and every variation of the families.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/core/dtype.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage::validation {

// The variation of the small model for a weight type.
enum class SmallVariation : std::uint8_t {
  none,
  gemma,   // a local layer with a window and a RoPE of its own, post-norms, capped logits
  smollm,  // a layer without RoPE
  phi      // a window in all layers, RoPE of half of each head with divisors and a magnitude
};
[[nodiscard]] inline SmallVariation variation_of(DType type) {
  return static_cast<SmallVariation>(static_cast<std::size_t>(type) % 4);
}
// Whether the small model for a weight type has per-head norms, and post-norms.
[[nodiscard]] inline bool has_head_norms(DType type) {
  return static_cast<std::size_t>(type) % 3 == 0;
}
[[nodiscard]] inline bool has_post_norms(DType type) {
  return variation_of(type) == SmallVariation::gemma;
}

// Sets the variation of a configuration of two layers.
inline void vary(ModelConfig& c, SmallVariation variation) {
  if (variation == SmallVariation::gemma) {
    c.window = 5;
    c.layer_kinds = {{.rope = LayerRope::local, .windowed = true}, {}};
    c.local_rope = c.rope;
    c.local_rope.base = 300;
    c.embedding_multiplier = 1.5f;
    c.logit_softcap = 2;
  } else if (variation == SmallVariation::smollm) {
    c.layer_kinds = {{}, {.rope = LayerRope::none}};
  } else if (variation == SmallVariation::phi) {
    c.window = 7;
    c.layer_kinds.assign(2, {.windowed = true});
    c.rope.rotary_dim = c.head_dim / 2;
    c.rope.magnitude = 1.25f;
    c.rope.factors.assign(c.rope.rotary_dim / 2, 1.5f);
  }
}

// The shape of the small model for a weight type. The shapes differ by type, so that together they use every attention
// kernel: one to eight query heads per key/value head, head sizes up to 256, both pairings of RoPE, with and without
// biases, per-head norms and the variations.
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
  vary(c, variation_of(type));
  return c;
}

}  // namespace litestage::validation
