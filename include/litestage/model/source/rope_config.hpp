// How RoPE turns the heads of a layer. Everything that models scale RoPE by comes down to three parameters: a divisor
// of each pair's frequency, a second list of divisors for long sessions, and a magnitude (rope_scaling.hpp).
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace litestage {

enum class RopePairing : std::uint8_t {
  interleaved,  // (2i, 2i+1): llama in GGUF (its Q/K rows are stored permuted for this), llama2.c
  halves        // (i, i + rotary_dim/2): qwen2, Hugging Face
};

struct RopeConfig {
  RopePairing pairing = RopePairing::interleaved;
  double base = 10000;
  int rotary_dim = 0;          // leading components of a head that are rotated; the whole head in most models
  std::vector<float> factors;  // [rotary_dim / 2] or empty: frequency i is divided by factors[i] (Llama 3's rope_freqs)
  float magnitude = 1;         // cosines and sines are multiplied by it (YaRN, LongRoPE)
  // LongRoPE: [rotary_dim / 2] or empty: replace `factors` in sessions of more than `original_context` positions.
  std::vector<float> long_factors;
  int original_context = 0;

  // By how many radians pair i turns from one position to the next, before it is divided by factors.
  [[nodiscard]] double unscaled_frequency(std::size_t i) const {
    return std::pow(base, -2.0 * static_cast<double>(i) / rotary_dim);
  }
  // The same in a session of so many positions, whose factors are then decided. A session uses one list for all of its
  // positions, as llama.cpp does; Hugging Face changes the list when a text grows past the original context, and throws
  // away the keys that it has.
  [[nodiscard]] RopeConfig in_session(std::size_t positions) const {
    RopeConfig rope = *this;
    if (!long_factors.empty() && std::cmp_greater(positions, original_context)) rope.factors = long_factors;
    rope.long_factors.clear();
    return rope;
  }
  friend bool operator==(const RopeConfig&, const RopeConfig&) = default;
};

// Which rotation a layer uses.
enum class LayerRope : std::uint8_t {
  global,  // ModelConfig::rope
  local,   // ModelConfig::local_rope: layers of Gemma 3 that see a window
  none     // no rotation: every fourth layer of SmolLM3
};

}  // namespace litestage
