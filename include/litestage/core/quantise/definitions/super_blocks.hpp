// Quantisers of Q4_K and Q6_K.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "litestage/core/numeric.hpp"
#include "litestage/core/quantise/rounding.hpp"
#include "litestage/core/quantise/super_blocks.hpp"

namespace litestage::quantisers {

namespace detail {

// x[j] is about scale * code[j] - below, with both not negative.
struct ScaledPart {
  float scale = 0;
  float below = 0;
};

// Weights of elements in the error of 32 of them, and sums that all fits share.
struct WeightedPart {
  float weight[32];
  float sum_w = 0, sum_x = 0;
  float low = 0, high = 0;  // bounds of the elements, the lower at most 0

  explicit WeightedPart(const float* x) {
    float squares = 0;
    for (int j = 0; j < 32; ++j) squares += x[j] * x[j];
    const float rms = std::sqrt(squares / 32);
    low = high = x[0];
    for (int j = 0; j < 32; ++j) {
      weight[j] = rms + std::fabs(x[j]);
      sum_w += weight[j];
      sum_x += weight[j] * x[j];
      low = std::min(low, x[j]);
      high = std::max(high, x[j]);
    }
    low = std::min(low, 0.0f);
  }
  [[nodiscard]] float error(const float* x, const std::uint8_t* code, float scale, float minimum) const {
    float sum = 0;
    for (int j = 0; j < 32; ++j) {
      const float difference = scale * static_cast<float>(code[j]) + minimum - x[j];
      sum += weight[j] * (difference * difference);
    }
    return sum;
  }
};

// Tries 21 spacings of the codes, fits scale and minimum to each by weighted least squares, and keeps the best. The
// minimum is not positive.
[[nodiscard]] inline ScaledPart fit_with_minimum(const float* x, std::uint8_t* code) {
  constexpr int top = 15, steps = 20;
  const WeightedPart part(x);
  float minimum = part.low;
  if (part.high == minimum) {
    std::fill_n(code, 32, std::uint8_t{0});
    return {0, -minimum};
  }
  float scale = 1 / (static_cast<float>(top) / (part.high - minimum));
  for (int j = 0; j < 32; ++j) {
    code[j] =
        static_cast<std::uint8_t>(nearest(static_cast<float>(top) / (part.high - minimum) * (x[j] - minimum), 0, top));
  }
  float best = part.error(x, code, scale, minimum);
  for (int step = 0; step <= steps; ++step) {
    const float inverse = (-1.0f + 0.1f * static_cast<float>(step) + static_cast<float>(top)) / (part.high - minimum);
    std::uint8_t tried[32];
    float sum_l = 0, sum_l2 = 0, sum_xl = 0;
    for (int j = 0; j < 32; ++j) {
      tried[j] = static_cast<std::uint8_t>(nearest(inverse * (x[j] - minimum), 0, top));
      const float l = static_cast<float>(tried[j]), w = part.weight[j];
      sum_l += w * l;
      sum_l2 += w * l * l;
      sum_xl += w * l * x[j];
    }
    const float determinant = part.sum_w * sum_l2 - sum_l * sum_l;
    if (determinant <= 0) continue;
    float new_scale = (part.sum_w * sum_xl - part.sum_x * sum_l) / determinant;
    float new_minimum = (sum_l2 * part.sum_x - sum_l * sum_xl) / determinant;
    if (new_minimum > 0) {
      new_minimum = 0;
      new_scale = sum_xl / sum_l2;
    }
    const float error = part.error(x, tried, new_scale, new_minimum);
    if (error >= best) continue;
    std::copy_n(tried, 32, code);
    best = error;
    scale = new_scale;
    minimum = new_minimum;
  }
  return {scale, -minimum};
}

// Six-bit scale and minimum of part s, packed as `sub_scale` reads them.
inline void put_sub_scale(std::uint8_t (&packed)[12], int s, int scale, int minimum) {
  if (s < 4) {
    packed[s] = static_cast<std::uint8_t>(packed[s] | scale);
    packed[s + 4] = static_cast<std::uint8_t>(packed[s + 4] | minimum);
    return;
  }
  packed[s + 4] = static_cast<std::uint8_t>((scale & 15) | ((minimum & 15) << 4));
  packed[s - 4] = static_cast<std::uint8_t>(packed[s - 4] | ((scale >> 4) << 6));
  packed[s] = static_cast<std::uint8_t>(packed[s] | ((minimum >> 4) << 6));
}

// Numbers below it count as zero.
inline constexpr float negligible = 1e-15f;

// Tries 19 spacings of the codes of 16 elements, each element weighted by its square, and keeps the best. Writes codes
// from 0 to 63 and returns the scale.
[[nodiscard]] inline float fit_centred(const float* x, std::uint8_t* code) {
  constexpr int half = 32, steps = 9;
  const float largest = signed_largest(x, 16);
  if (std::fabs(largest) < negligible) {
    std::fill_n(code, 16, std::uint8_t{0});
    return 0;
  }
  float scale = 0, best = 0;
  for (int step = -steps - 1; step <= steps; ++step) {  // the first time without a change of the spacing
    if (step == 0) continue;
    const bool first = step < -steps;
    const float inverse = -(static_cast<float>(half) + (first ? 0.0f : 0.1f * static_cast<float>(step))) / largest;
    std::uint8_t tried[16];
    float sum_xl = 0, sum_l2 = 0;
    for (int j = 0; j < 16; ++j) {
      const int l = nearest(inverse * x[j], -half, half - 1);
      const float w = x[j] * x[j], real = static_cast<float>(l);
      tried[j] = static_cast<std::uint8_t>(l + half);
      sum_xl += w * x[j] * real;
      sum_l2 += w * real * real;
    }
    if (!first && !(sum_l2 > 0 && sum_xl * sum_xl > best * sum_l2)) continue;
    std::copy_n(tried, 16, code);
    scale = sum_l2 != 0 ? sum_xl / sum_l2 : 0;
    best = scale * sum_xl;
  }
  return scale;
}

}  // namespace detail

LITESTAGE_INLINE BlockQ4K q4_k(const float* x) {
  BlockQ4K block{};
  std::uint8_t code[256];
  detail::ScaledPart parts[8];
  float largest_scale = 0, largest_below = 0;
  for (int s = 0; s < 8; ++s) {
    parts[s] = detail::fit_with_minimum(x + 32 * s, code + 32 * s);
    largest_scale = std::max(largest_scale, parts[s].scale);
    largest_below = std::max(largest_below, parts[s].below);
  }
  const float to_scale = largest_scale > 0 ? 63 / largest_scale : 0,
              to_below = largest_below > 0 ? 63 / largest_below : 0;
  block.d = to_f16(largest_scale / 63);
  block.dmin = to_f16(largest_below / 63);
  for (int s = 0; s < 8; ++s) {
    const int scale = nearest(to_scale * parts[s].scale, 0, 63), below = nearest(to_below * parts[s].below, 0, 63);
    detail::put_sub_scale(block.scales, s, scale, below);
    // The codes are those for the rounded scales, unless these are 0.
    const float step = to_float(block.d) * static_cast<float>(scale),
                shift = to_float(block.dmin) * static_cast<float>(below);
    for (int j = 32 * s; step != 0 && j < 32 * s + 32; ++j) {
      code[j] = static_cast<std::uint8_t>(nearest((x[j] + shift) / step, 0, 15));
    }
  }
  for (int j = 0; j < 128; ++j) {
    const int low = j / 32 * 64 + j % 32;
    block.qs[j] = static_cast<std::uint8_t>(code[low] | (code[low + 32] << 4));
  }
  return block;
}

LITESTAGE_INLINE BlockQ6K q6_k(const float* x) {
  BlockQ6K block{};
  std::uint8_t code[256];
  float scales[16];
  for (int s = 0; s < 16; ++s) scales[s] = detail::fit_centred(x + 16 * s, code + 16 * s);
  const float largest = signed_largest(scales, 16);
  if (std::fabs(largest) < detail::negligible) return block;
  const float inverse = -128 / largest;
  block.d = to_f16(1 / inverse);
  for (int s = 0; s < 16; ++s) {
    block.scales[s] = static_cast<std::int8_t>(nearest(inverse * scales[s], -128, 127));
    const float step = to_float(block.d) * static_cast<float>(block.scales[s]);
    for (int j = 16 * s; step != 0 && j < 16 * s + 16; ++j) {
      code[j] = static_cast<std::uint8_t>(nearest(x[j] / step, -32, 31) + 32);
    }
  }
  // The inverse of `codes`: each half has quarters of 32 elements, whose low nibbles share bytes of ql in pairs.
  for (int half = 0; half < 2; ++half) {
    for (int j = 0; j < 32; ++j) {
      const std::uint8_t* of = code + 128 * half + j;
      block.ql[64 * half + j] = static_cast<std::uint8_t>((of[0] & 15) | ((of[64] & 15) << 4));
      block.ql[64 * half + j + 32] = static_cast<std::uint8_t>((of[32] & 15) | ((of[96] & 15) << 4));
      block.qh[32 * half + j] =
          static_cast<std::uint8_t>((of[0] >> 4) | ((of[32] >> 4) << 2) | ((of[64] >> 4) << 4) | ((of[96] >> 4) << 6));
    }
  }
  return block;
}

}  // namespace litestage::quantisers
