// Checks the configuration of a model.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage {

// Throws Error naming `source` (a file), the key, what was found and what is expected.
LITESTAGE_INLINE void ModelConfig::validate(std::string_view source) const {
  const auto need = [&](bool ok, std::string_view key, double found, std::string_view expected) {
    if (!ok) throw Error(concat(source, ": ", key, " is ", found, ", expected ", expected));
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
