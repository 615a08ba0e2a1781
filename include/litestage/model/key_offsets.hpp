// The offsets of keys in a K/V cache of Q8_0 (core/kv_number.hpp): the bias of the projection of keys, turned by RoPE
// and averaged over positions.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "litestage/core/quant_blocks.hpp"
#include "litestage/model/rope.hpp"
#include "litestage/model/source/weights.hpp"

namespace litestage {

// The mean over so many positions leaves nearly all of a pair of components that hardly turns, and nearly nothing of
// one that turns often. The large pairs of Qwen2 turn once in 200 000 to 5 000 000 positions. The largest root mean
// square of a head's bias is 35 in qwen2.5-coder-0.5b and 81 in -1.5b. Without the offset, at most 10 and 2.7 of it are
// left in the first 8000 positions, and 11 and 8 at position 32 000. Means over 650 to 32 768 positions do about as
// well. The number is a constant, so that keys do not depend on a cache's capacity.
inline constexpr std::size_t key_offset_positions = 4096;

namespace detail {

// The mean cosine and sine of every pair's angle over these positions, times the magnitude. The mean of e^(i f p) for p
// from 0 to n - 1 is a geometric sum: e^(i f (n - 1) / 2) sin(n f / 2) / (n sin(f / 2)).
struct MeanTurn {
  std::vector<double> cos, sin;  // [rotary_dim / 2]

  explicit MeanTurn(const RopeConfig& rope) : cos(rope.rotary_dim / 2), sin(rope.rotary_dim / 2) {
    constexpr auto n = static_cast<double>(key_offset_positions);
    for (std::size_t i = 0; i < cos.size(); ++i) {
      const double half = rope_frequency(rope, i) / 2, divisor = n * std::sin(half);
      const double length = rope.magnitude * (divisor == 0 ? 1 : std::sin(n * half) / divisor);
      cos[i] = length * std::cos((n - 1) * half);
      sin[i] = length * std::sin((n - 1) * half);
    }
  }
};

// mean = the mean of `bias`, turned by RoPE, over these positions. Both [head_dim]; `mean` begins as a copy of `bias`.
inline void turn_bias(float* mean, const float* bias, const ModelConfig& config, const MeanTurn& turn) {
  const std::size_t half = turn.cos.size();
  const bool halves = config.rope.pairing == RopePairing::halves;  // of all layers
  for (std::size_t i = 0; i < half; ++i) {
    const std::size_t first = halves ? i : 2 * i, second = halves ? i + half : 2 * i + 1;
    const double a = bias[first], b = bias[second];
    mean[first] = static_cast<float>(a * turn.cos[i] - b * turn.sin[i]);
    mean[second] = static_cast<float>(a * turn.sin[i] + b * turn.cos[i]);
  }
}

}  // namespace detail

// [n_layers, kv_dim], or empty if no layer has an offset. Layers without a bias have none, nor have those with a norm
// of keys, which scales the bias differently for every key, and those that turn in a way which the length of a session
// decides. The bias of a layer without RoPE is its offset.
[[nodiscard]] inline std::vector<float> key_offsets(const ModelSource& source) {
  const ModelConfig& config = source.config;
  const std::vector<LayerTensors>& layers = source.tensors.layers;
  const auto has_offset = [&](int l) {
    const RopeConfig* rope = config.rope_of(l);
    return !layers[l].bk.empty() && layers[l].k_norm.empty() && (rope == nullptr || rope->long_factors.empty());
  };
  const std::size_t dim = config.head_dim, kv_dim = config.kv_dim();
  std::vector<float> offsets, bias(kv_dim);
  std::map<const RopeConfig*, detail::MeanTurn> turns;
  for (int l = 0; l < std::ssize(layers); ++l) {
    if (!has_offset(l)) continue;
    offsets.resize(layers.size() * kv_dim);
    dequantize_row(layers[l].bk.type, layers[l].bk.data, bias.data(), kv_dim);
    std::copy_n(bias.data(), kv_dim, &offsets[l * kv_dim]);
    const RopeConfig* rope = config.rope_of(l);
    if (rope == nullptr) continue;
    const detail::MeanTurn& turn = turns.try_emplace(rope, *rope).first->second;
    for (std::size_t j = 0; j < kv_dim; j += dim) {
      detail::turn_bias(&offsets[l * kv_dim + j], &bias[j], config, turn);
    }
  }
  return offsets;
}

}  // namespace litestage
