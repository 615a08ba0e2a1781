// RoPE angles: position p rotates pair i by p / (base^(2i / rotary_dim) * factor_i). Su et al. 2021 (arXiv 2104.09864);
// factors: Llama 3's rope_freqs as stored in GGUF files (they divide the frequency), and other scalings.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "litestage/model/source/rope_config.hpp"

namespace litestage {

// By how many radians pair i turns from one position to the next, with `factors`.
[[nodiscard]] inline double rope_frequency(const RopeConfig& rope, std::size_t i) {
  return rope.unscaled_frequency(i) / (rope.factors.empty() ? 1.0 : rope.factors[i]);
}

// Cosines and sines for all positions of a session, times the magnitude, computed in double and rounded to Real.
template <class Real>
struct RopeAngles {
  std::vector<Real> cos, sin;  // [positions, rotary_dim / 2]

  RopeAngles(const RopeConfig& config, std::size_t positions) {
    const RopeConfig rope = config.in_session(positions);
    const double magnitude = rope.magnitude;
    const std::size_t half = rope.rotary_dim / 2;
    cos.resize(positions * half);
    sin.resize(positions * half);
    for (std::size_t i = 0; i < half; ++i) {
      const double frequency = rope_frequency(rope, i);
      for (std::size_t p = 0; p < positions; ++p) {
        const double angle = static_cast<double>(p) * frequency;
        cos[p * half + i] = static_cast<Real>(std::cos(angle) * magnitude);
        sin[p * half + i] = static_cast<Real>(std::sin(angle) * magnitude);
      }
    }
  }
};

}  // namespace litestage
