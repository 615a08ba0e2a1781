// Shapes of published models, by name, for models of random weights.
#pragma once

#include <string>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/model/source/config.hpp"

namespace litestage::validation {

struct NamedShape {
  const char *name, *architecture;
  int layers, hidden, heads, kv_heads, head_dim, ffn, vocab, context;
  double rope_base;
  float norm_eps;
  bool tied;
};

// The values of the checkpoints' config.json, in the order of the members: name, architecture, layers, hidden, heads,
// kv_heads, head_dim, ffn, vocab, context, rope_base, norm_eps, tied.
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
  std::string names;
  for (const NamedShape& shape : named_shapes) names += concat(names.empty() ? "" : ", ", shape.name);
  throw Error(concat("model shape ", in_quotes(name), " is unknown, expected one of ", names));
}

}  // namespace litestage::validation
