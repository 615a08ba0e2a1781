// Reads RoPE and its scaling.
#pragma once

#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/huggingface/rope_keys.hpp"

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

// Frequencies of wavelengths above the original context are divided by `factor`, those far below are kept, and those
// between are interpolated.
[[nodiscard]] inline std::vector<float> llama3_factors(JsonObject& keys, const RopeConfig& rope,
                                                       double original_context) {
  const double factor = required_number(keys, "factor", 1, 1e5);
  const double low = required_number(keys, "low_freq_factor", 1e-3, 1e5);
  const double high = required_number(keys, "high_freq_factor", 1e-3, 1e5);
  if (low >= high)
    throw Error(concat(keys.name("low_freq_factor"), " is ", low, ", expected less than high_freq_factor, ", high));
  std::vector<float> factors;
  for (int i = 0; i < rope.rotary_dim / 2; ++i) {
    const double wavelength = 2 * std::numbers::pi * std::pow(rope.base, 2.0 * i / rope.rotary_dim);
    double divisor = 1;
    if (wavelength > original_context / low) {
      divisor = factor;
    } else if (wavelength >= original_context / high) {
      const double share = (original_context / wavelength - low) / (high - low);
      divisor = 1 / ((1 - share) / factor + share);
    }
    factors.push_back(static_cast<float>(divisor));
  }
  return factors;
}

// Reads "rope_scaling" or "rope_parameters". `original_context` is what the configuration says beside it, if anything.
inline void read_scaling(JsonObject keys, const ModelConfig& config, std::optional<int> original_context,
                         RopeConfig& rope) {
  const std::optional<int> inner = keys.size("original_max_position_embeddings");
  if (keys.number("partial_rotary_factor").value_or(1) != 1) {
    throw Error(concat(keys.name("partial_rotary_factor"), " is not 1, expected RoPE on whole heads"));
  }
  const std::string type = rope_type(keys);
  if (type == "linear") {
    const double factor = required_number(keys, "factor", 1e-3, 1e5);
    if (factor != 1) rope.factors.assign(static_cast<std::size_t>(rope.rotary_dim / 2), static_cast<float>(factor));
  } else if (type == "llama3") {
    rope.factors =
        llama3_factors(keys, rope, original_context ? *original_context : inner.value_or(config.max_context));
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
  if (keys.number("partial_rotary_factor").value_or(1) != 1) {
    throw Error(concat(keys.name("partial_rotary_factor"), " is not 1, expected RoPE on whole heads"));
  }
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
