// Reads RoPE and its scaling.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/huggingface/rope_keys.hpp"
#include "litestage/model/source/rope_scaling.hpp"

namespace litestage::io {

namespace detail {

[[nodiscard]] inline double required_number(JsonObject& keys, std::string_view key) {
  return keys.get(key).number(keys.name(key));
}

[[nodiscard]] inline double linear_factor(JsonObject& keys) {
  const double factor = required_number(keys, "factor");
  if (factor >= 1e-3 && factor <= 1e5) return factor;
  throw Error(concat(keys.name("factor"), " is ", factor, ", expected 0.001 to 100000"));
}

// "rope_type", or "type" in older files. With `only_long`, as Phi-3 has it, two older names stand for "longrope".
[[nodiscard]] inline std::string rope_type(JsonObject& keys, bool only_long = false) {
  std::optional<std::string> now = keys.string("rope_type"), before = keys.string("type");
  for (std::optional<std::string>* name : {&now, &before}) {
    if (only_long && (*name == "su" || *name == "yarn")) *name = "longrope";
  }
  if (now && before && *now != *before) {
    throw Error(concat(keys.name("type"), " is ", in_quotes(*before), ", expected ", in_quotes(*now), " as rope_type"));
  }
  return now ? *now : before.value_or("default");
}

// A number that a file may have beside the scaling, where its key is `key`, and inside, as `inner_key`.
[[nodiscard]] inline std::optional<double> agreed_number(JsonObject& keys, std::string_view key,
                                                         std::optional<JsonObject>& inner, std::string_view inner_key) {
  const std::optional<double> outside = keys.number(key);
  const std::optional<double> inside = inner ? inner->number(inner_key) : std::nullopt;
  if (!outside || !inside) return inside ? inside : outside;
  if (*outside == *inside) return inside;
  throw Error(concat(inner->name(inner_key), " is ", *inside, ", expected ", *outside, " as ", key, " beside it"));
}

[[nodiscard]] inline Llama3Scaling llama3_scaling(JsonObject& keys, double original_context) {
  Llama3Scaling scaling;
  scaling.factor = required_number(keys, "factor");
  scaling.low_frequency_factor = required_number(keys, "low_freq_factor");
  scaling.high_frequency_factor = required_number(keys, "high_freq_factor");
  scaling.original_context = original_context;
  check_scaling(scaling, keys.source());
  return scaling;
}

// A beta of 0 counts as missing in transformers, too.
[[nodiscard]] inline YarnScaling yarn_scaling(JsonObject& keys, int original_context, int max_context) {
  const auto or_default = [](std::optional<double> found, double otherwise) {
    return found.value_or(0) == 0 ? otherwise : *found;
  };
  YarnScaling scaling;
  scaling.original_context = original_context;
  scaling.factor = keys.number("factor").value_or(static_cast<double>(max_context) / original_context);
  scaling.beta_fast = or_default(keys.number("beta_fast"), 32);
  scaling.beta_slow = or_default(keys.number("beta_slow"), 1);
  scaling.truncate = keys.boolean("truncate", true);
  scaling.magnitude = keys.number("attention_factor");
  scaling.mscale = keys.number("mscale").value_or(0);
  scaling.mscale_all_dim = keys.number("mscale_all_dim").value_or(0);
  check_scaling(scaling, keys.source());
  return scaling;
}

[[nodiscard]] inline std::vector<float> rope_factors(JsonObject& keys, std::string_view key) {
  std::vector<float> factors;
  for (const Form& factor : keys.get(key).list(keys.name(key)))
    factors.push_back(static_cast<float>(factor.number(keys.name(key))));
  return factors;
}

[[nodiscard]] inline LongRopeScaling longrope_scaling(JsonObject& keys, int original_context, const ModelConfig& config,
                                                      int rotary_dim) {
  LongRopeScaling scaling;
  scaling.short_factors = rope_factors(keys, "short_factor");
  scaling.long_factors = rope_factors(keys, "long_factor");
  scaling.original_context = original_context;
  scaling.factor = keys.number("factor").value_or(static_cast<double>(config.max_context) / original_context);
  scaling.magnitude = keys.number("attention_factor");
  check_scaling(scaling, rotary_dim, keys.source());
  return scaling;
}

inline void refuse_partial_rotation(JsonObject& keys) {
  if (keys.number("partial_rotary_factor").value_or(1) != 1) {
    throw Error(concat(keys.name("partial_rotary_factor"), " is not 1, expected RoPE on whole heads"));
  }
}

// Scales by "rope_scaling" or "rope_parameters". `original_context` is what the configuration says beside it, if
// anything.
inline void read_scaling(JsonObject& keys, const ModelConfig& config, std::optional<int> original_context,
                         RopeConfig& rope) {
  const std::optional<int> inner = keys.size("original_max_position_embeddings");
  const int original = original_context ? *original_context : inner.value_or(config.max_context);
  refuse_partial_rotation(keys);
  const std::string type = rope_type(keys);
  if (type == "linear") {
    scale_linear(rope, linear_factor(keys));
  } else if (type == "llama3") {
    scale_llama3(rope, llama3_scaling(keys, original));
  } else if (type == "yarn") {
    scale_yarn(rope, yarn_scaling(keys, original, config.max_context));
  } else if (type != "default") {
    throw Error(concat(keys.name("rope_type"), " is ", in_quotes(type), ", expected default, linear, llama3 or yarn"));
  }
  keys.refuse_the_rest();
}

// The RoPE of all heads, unscaled. Files of transformers are stored for halves, in every family.
[[nodiscard]] inline RopeConfig unscaled(const ModelConfig& config, double base) {
  RopeConfig rope;
  rope.pairing = RopePairing::halves;
  rope.rotary_dim = config.head_dim;
  rope.base = base;
  return rope;
}

// "rope_scaling" or "rope_parameters", if the file has one of them.
[[nodiscard]] inline std::optional<JsonObject> scaling_of(JsonObject& keys) {
  const bool has_parameters = keys.find("rope_parameters") != nullptr;
  const bool has_scaling = keys.find("rope_scaling") != nullptr;
  if (has_parameters && has_scaling)
    throw Error(concat(keys.name("rope_scaling"), " is there beside rope_parameters, expected one of them"));
  if (!has_parameters && !has_scaling) return std::nullopt;
  return keys.object(has_parameters ? "rope_parameters" : "rope_scaling");
}

}  // namespace detail

LITESTAGE_INLINE RopeConfig read_rope(JsonObject& keys, const ModelConfig& config, double base) {
  std::optional<JsonObject> inner = detail::scaling_of(keys);
  const std::optional<int> original_context = keys.size("original_max_position_embeddings");
  detail::refuse_partial_rotation(keys);
  RopeConfig rope =
      detail::unscaled(config, detail::agreed_number(keys, "rope_theta", inner, "rope_theta").value_or(base));
  if (inner) detail::read_scaling(*inner, config, original_context, rope);
  return rope;
}

LITESTAGE_INLINE void read_global_and_local_rope(JsonObject& keys, ModelConfig& config, double base,
                                                 double local_base) {
  std::optional<JsonObject> global = detail::scaling_of(keys), local;
  if (keys.find("rope_parameters") != nullptr) {
    JsonObject kinds = *std::exchange(global, std::nullopt);
    if (kinds.find("full_attention") != nullptr) global = kinds.object("full_attention");
    if (kinds.find("sliding_attention") != nullptr) local = kinds.object("sliding_attention");
    kinds.refuse_the_rest();
  }
  const auto base_of = [&](std::string_view key, std::optional<JsonObject>& inner, double otherwise) {
    return detail::agreed_number(keys, key, inner, "rope_theta").value_or(otherwise);
  };
  config.rope = detail::unscaled(config, base_of("rope_theta", global, base));
  config.local_rope = detail::unscaled(config, base_of("rope_local_base_freq", local, local_base));
  if (global) detail::read_scaling(*global, config, std::nullopt, config.rope);
  if (local) detail::read_scaling(*local, config, std::nullopt, config.local_rope);
}

LITESTAGE_INLINE RopeConfig read_long_rope(JsonObject& keys, const ModelConfig& config, double base,
                                           int original_context) {
  std::optional<JsonObject> inner = detail::scaling_of(keys);
  RopeConfig rope =
      detail::unscaled(config, detail::agreed_number(keys, "rope_theta", inner, "rope_theta").value_or(base));
  const double part = detail::agreed_number(keys, "partial_rotary_factor", inner, "partial_rotary_factor").value_or(1);
  if (!(part > 0 && part <= 1))
    throw Error(concat(keys.name("partial_rotary_factor"), " is ", part, ", expected above 0 and up to 1"));
  rope.rotary_dim = static_cast<int>(config.head_dim * part);
  const std::optional<int> beside = keys.size("original_max_position_embeddings");
  const int original = beside.value_or(original_context);
  if (!inner) return rope;
  const int inside = inner->size("original_max_position_embeddings").value_or(original);
  if (inside != original) {
    throw Error(concat(inner->name("original_max_position_embeddings"), " is ", inside, ", expected ", original,
                       beside ? " as beside it" : ", the default of the key that is missing beside the scaling"));
  }
  const std::string type = detail::rope_type(*inner, true);
  if (type == "longrope") {
    scale_longrope(rope, detail::longrope_scaling(*inner, original, config, rope.rotary_dim));
  } else if (type != "default") {
    throw Error(concat(inner->name("rope_type"), " is ", in_quotes(type), ", expected default or longrope"));
  }
  inner->refuse_the_rest();
  return rope;
}

}  // namespace litestage::io
