// Reads how a model in a GGUF file scales RoPE. The meaning of the keys and of missing ones follows llama.cpp
// src/llama-model.cpp and src/llama-context.cpp: whatever the type, a factor divides all frequencies or takes part in
// YaRN, and the attention factor is a magnitude.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/gguf/model_keys.hpp"
#include "litestage/model/source/rope_scaling.hpp"

namespace litestage::io {

// The divisors that a file may store as tensors; empty: there are none.
struct RopeTensors {
  std::vector<float> factors;                      // rope_freqs: Llama 3
  std::vector<float> short_factors, long_factors;  // rope_factors_short, rope_factors_long: Phi-3
};

namespace detail {

// The first of both keys counts; a factor of 0 means no scaling.
[[nodiscard]] inline double rope_factor(const ModelKeys& keys) {
  const double factor = keys.number("rope.scaling.factor", keys.number("rope.scale_linear", 0));
  if (factor >= 0 && factor < 1e6) return factor == 0 ? 1 : factor;
  throw Error(
      concat(keys.file().source(), ": key ", keys.key("rope.scaling.factor"), " is ", factor, ", expected 0 to 1e6"));
}

[[nodiscard]] inline int original_context(const ModelKeys& keys, int max_context) {
  return keys.size("rope.scaling.original_context_length").value_or(max_context);
}

inline void scale_with_lists(RopeConfig& rope, const ModelKeys& keys, const RopeTensors& tensors, int max_context) {
  LongRopeScaling scaling;
  scaling.short_factors = tensors.short_factors;
  scaling.long_factors = tensors.long_factors;
  scaling.original_context = original_context(keys, max_context);
  scaling.magnitude = 1;  // the key attn_factor has it
  check_scaling(scaling, rope.rotary_dim, keys.file().source());
  scale_longrope(rope, scaling);
}

}  // namespace detail

// Scales `rope`, which is checked and has the tensors' factors. max_context: the model's context length.
inline void read_rope_scaling(RopeConfig& rope, const ModelKeys& keys, const RopeTensors& tensors, int max_context) {
  const std::string key = keys.key("rope.scaling.type");
  const std::string type = keys.file().find<std::string>(key).value_or("linear");
  const bool has_lists = !tensors.short_factors.empty() || !tensors.long_factors.empty();
  if (has_lists) detail::scale_with_lists(rope, keys, tensors, max_context);
  if (type == "linear") {
    scale_linear(rope, detail::rope_factor(keys));
  } else if (type == "yarn" && !has_lists) {
    YarnScaling scaling;
    scaling.factor = detail::rope_factor(keys);
    scaling.original_context = detail::original_context(keys, max_context);
    check_scaling(scaling, keys.file().source());
    scale_yarn(rope, scaling);
  } else if (type != "none" && !(type == "longrope" && has_lists)) {
    throw Error(concat(keys.file().source(), ": key ", key, " is ", in_quotes(type),
                       ", expected \"none\", \"linear\", ",
                       has_lists ? "or \"longrope\", because there are tensors with factors"
                                 : "\"yarn\", or tensors rope_factors_short and rope_factors_long"));
  }
  rope.magnitude *= static_cast<float>(keys.number("rope.scaling.attn_factor", 1));
}

}  // namespace litestage::io
