// Reads RoPE and its scaling.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/huggingface/rope_keys.hpp"
#include "litestage/model/source/rope_scaling.hpp"

namespace litestage::io {

namespace detail {

[[nodiscard]] inline double required_number(JsonObject& keys, const char* key, double low, double high) {
  const std::optional<double> found = keys.number(key);
  if (!found) throw Error(concat(keys.name(key), " is missing"));
  if (*found >= low && *found <= high) return *found;
  throw Error(concat(keys.name(key), " is ", *found, ", expected ", low, " to ", high));
}

[[nodiscard]] inline std::string rope_type(JsonObject& keys) {
  const std::optional<std::string> now = keys.string("rope_type"), before = keys.string("type");
  if (now && before && *now != *before) {
    throw Error(concat(keys.name("type"), " is ", in_quotes(*before), ", expected ", in_quotes(*now), " as rope_type"));
  }
  return now ? *now : before.value_or("default");
}

[[nodiscard]] inline Llama3Scaling llama3_scaling(JsonObject& keys, double original_context) {
  Llama3Scaling scaling;
  scaling.factor = required_number(keys, "factor", 1, 1e5);
  scaling.low_frequency_factor = required_number(keys, "low_freq_factor", 1e-3, 1e5);
  scaling.high_frequency_factor = required_number(keys, "high_freq_factor", 1e-3, 1e5);
  scaling.original_context = original_context;
  if (scaling.low_frequency_factor >= scaling.high_frequency_factor) {
    throw Error(concat(keys.name("low_freq_factor"), " is ", scaling.low_frequency_factor,
                       ", expected less than high_freq_factor, ", scaling.high_frequency_factor));
  }
  return scaling;
}

inline void refuse_partial_rotation(JsonObject& keys) {
  if (keys.number("partial_rotary_factor").value_or(1) != 1) {
    throw Error(concat(keys.name("partial_rotary_factor"), " is not 1, expected RoPE on whole heads"));
  }
}

// Reads "rope_scaling" or "rope_parameters". `original_context` is what the configuration says beside it, if anything.
inline void read_scaling(JsonObject keys, const ModelConfig& config, std::optional<int> original_context,
                         RopeConfig& rope) {
  const std::optional<int> inner = keys.size("original_max_position_embeddings");
  refuse_partial_rotation(keys);
  const std::string type = rope_type(keys);
  if (type == "linear") {
    scale_linear(rope, required_number(keys, "factor", 1e-3, 1e5));
  } else if (type == "llama3") {
    scale_llama3(rope, llama3_scaling(keys, original_context ? *original_context : inner.value_or(config.max_context)));
  } else if (type != "default") {
    throw Error(concat(keys.name("rope_type"), " is ", in_quotes(type), ", expected default, linear or llama3"));
  }
  keys.refuse_the_rest();
}

}  // namespace detail

LITESTAGE_INLINE RopeConfig read_rope(JsonObject& keys, const ModelConfig& config, double base) {
  RopeConfig rope;
  rope.pairing = RopePairing::halves;  // files of transformers are stored for it, in every family
  rope.rotary_dim = config.head_dim;
  const std::optional<int> original_context = keys.size("original_max_position_embeddings");
  detail::refuse_partial_rotation(keys);
  const std::optional<double> outer = keys.number("rope_theta");
  rope.base = outer.value_or(base);
  const bool has_parameters = keys.find("rope_parameters") != nullptr,
             has_scaling = keys.find("rope_scaling") != nullptr;
  if (has_parameters && has_scaling) {
    throw Error(concat(keys.name("rope_scaling"), " is there beside rope_parameters, expected one of them"));
  }
  if (!has_parameters && !has_scaling) return rope;
  JsonObject inner = keys.object(has_parameters ? "rope_parameters" : "rope_scaling");
  if (const std::optional<double> theta = inner.number("rope_theta")) {
    if (outer && *outer != *theta) {
      throw Error(concat(inner.name("rope_theta"), " is ", *theta, ", expected ", *outer, " as rope_theta beside it"));
    }
    rope.base = *theta;
  }
  detail::read_scaling(std::move(inner), config, original_context, rope);
  return rope;
}

}  // namespace litestage::io
