// Checks the configuration of a model.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage {

namespace detail {

// Throws Error naming the source (a file), the key, what was found and what is expected.
struct ConfigCheck {
  std::string_view source;

  void need(bool ok, std::string_view key, double found, std::string_view expected) const {
    if (!ok) throw Error(concat(source, ": ", key, " is ", found, ", expected ", expected));
  }
  void between(int value, std::string_view key, int low, int high) const {
    need(value >= low && value <= high, key, value, concat(low, " to ", high));
  }
  void positive(float value, std::string_view key) const {
    need(value > 0 && std::isfinite(value), key, value, "a finite number above 0");
  }
};

inline void check_factors(const ConfigCheck& check, const std::vector<float>& factors, int rotary_dim,
                          std::string_view kind) {
  const std::string name = concat(kind, "RoPE factor");
  check.need(factors.empty() || std::ssize(factors) == rotary_dim / 2, concat("number of ", name, "s"),
             static_cast<double>(factors.size()), concat("0 or ", rotary_dim / 2));
  for (const float f : factors) check.need(f > 0 && f < 1e6f, name, f, "above 0 and below 1e6");
}

inline void check_rope(const ConfigCheck& check, const RopeConfig& rope, int head_dim) {
  check.between(rope.rotary_dim, "rotary dimension", 2, head_dim);
  check.need(rope.rotary_dim % 2 == 0, "rotary dimension", rope.rotary_dim, "an even number");
  check.need(rope.base > 0 && rope.base < 1e12, "RoPE base", rope.base, "above 0 and below 1e12");
  check_factors(check, rope.factors, rope.rotary_dim, "");
  check_factors(check, rope.long_factors, rope.rotary_dim, "long ");
  check.need(rope.magnitude > 0 && rope.magnitude < 1e3f, "RoPE magnitude", rope.magnitude, "above 0 and below 1000");
  if (!rope.long_factors.empty()) check.between(rope.original_context, "original context length", 1, 1 << 24);
}

inline void check_layers(const ConfigCheck& check, const ModelConfig& c) {
  check.need(c.layer_kinds.empty() || std::ssize(c.layer_kinds) == c.n_layers, "number of layer kinds",
             static_cast<double>(c.layer_kinds.size()), concat("0 or ", c.n_layers));
  const auto any = [&](const auto& f) { return std::any_of(c.layer_kinds.begin(), c.layer_kinds.end(), f); };
  const bool windowed = any([](const LayerKind& k) { return k.windowed; });
  check.between(c.window, "attention window", windowed ? 1 : 0, 1 << 24);
  if (!any([](const LayerKind& k) { return k.rope == LayerRope::local; })) return;
  check_rope(check, c.local_rope, c.head_dim);
  check.need(c.local_rope.rotary_dim == c.rope.rotary_dim, "rotary dimension of local layers", c.local_rope.rotary_dim,
             concat(c.rope.rotary_dim, ", that of the others"));
  if (c.local_rope.pairing != c.rope.pairing) {
    throw Error(concat(check.source, ": RoPE pairs other components in local layers, expected the same in all"));
  }
}

}  // namespace detail

LITESTAGE_INLINE void ModelConfig::validate(std::string_view source) const {
  const detail::ConfigCheck check{source};
  check.between(n_layers, "number of layers", 1, 1024);
  check.between(hidden, "hidden size", 1, 1 << 16);
  check.between(n_heads, "number of attention heads", 1, 1024);
  check.between(n_kv_heads, "number of K/V heads", 1, n_heads);
  check.need(n_heads % n_kv_heads == 0, "number of K/V heads", n_kv_heads, concat("a divisor of ", n_heads));
  check.between(head_dim, "head size", 2, 1024);
  check.between(ffn, "feed-forward size", 1, 1 << 20);
  check.between(vocab, "vocabulary size", 1, 1 << 22);
  check.between(max_context, "context length", 1, 1 << 24);
  detail::check_rope(check, rope, head_dim);
  detail::check_layers(check, *this);
  check.need(norm_eps >= 0 && norm_eps < 1, "RMSNorm epsilon", norm_eps, "0 to 1");
  check.positive(embedding_multiplier, "embedding multiplier");
  check.positive(residual_multiplier, "residual multiplier");
  check.positive(logit_multiplier, "logit multiplier");
  check.need(logit_softcap >= 0 && std::isfinite(logit_softcap), "logit softcap", logit_softcap,
             "a finite number above 0, or 0 for none");
  check.need(attention_scale >= 0 && std::isfinite(attention_scale), "attention scale", attention_scale,
             "a finite number above 0, or 0 for 1 / sqrt(head size)");
}

}  // namespace litestage
