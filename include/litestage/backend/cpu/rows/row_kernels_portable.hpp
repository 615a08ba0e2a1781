// The inner loops of everything that is not a matrix product, in plain C++ for processors without AVX2. `Avx2` and
// `Avx512` have the same functions; their contracts are written in this header.
//
// Every function works on one row (or one block of one head) and has a fixed order of summation, so that its result
// depends only on its arguments. Products that are summed use std::fma, so that no result depends on the compiler's
// contraction.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/cpu/rows/exponential.hpp"
#include "litestage/backend/cpu/rows/kv_stream.hpp"
#include "litestage/backend/cpu/rows/tiles.hpp"
#include "litestage/core/numeric.hpp"
#include "litestage/step/token_stats.hpp"

namespace litestage::cpu {

// Maximum and sum over one block of scores, which become weights e^(score - max).
struct SoftmaxPart {
  float max = 0, sum = 0;
};

struct Portable {
  static constexpr std::size_t lanes = 16;  // partial sums

  [[nodiscard]] static double sum_squares(const float* x, std::size_t n) {
    std::array<float, lanes> sum{};
    for (std::size_t i = 0; i < n; ++i) sum[i % lanes] = std::fma(x[i], x[i], sum[i % lanes]);
    double total = 0;
    for (const float s : sum) total += s;
    return total;
  }
  // out = (factor * x) * w; out may be x
  static void scale_by(float* out, const float* x, const float* w, float factor, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = (factor * x[i]) * w[i];
  }
  // out = factor * x; out may be x
  static void scale(float* out, const float* x, float factor, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = factor * x[i];
  }
  // x += factor * y
  static void add_scaled(float* x, const float* y, float factor, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) x[i] = std::fma(factor, y[i], x[i]);
  }
  // x += factor * y. Returns how x changed; its sums are in double.
  static Moments<double> add_scaled_measured(float* x, const float* y, float factor, std::size_t n) {
    Moments<double> m;
    for (std::size_t i = 0; i < n; ++i) {
      const double before = x[i];
      x[i] = std::fma(factor, y[i], x[i]);
      const double after = x[i];
      m.dot = std::fma(before, after, m.dot);
      m.before = std::fma(before, before, m.before);
      m.after = std::fma(after, after, m.after);
    }
    return m;
  }
  // x = weight_x * x + weight_y * y
  static void blend(float* x, float weight_x, const float* y, float weight_y, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) x[i] = std::fma(y[i], weight_y, x[i] * weight_x);
  }

  // (a, b) -> (a cos - b sin, a sin + b cos) for pairs (x[i], x[i + pairs])
  static void rotate_halves(float* x, const float* cos, const float* sin, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i) rotate(x[i], x[i + pairs], cos[i], sin[i]);
  }
  // (a, b) -> (a cos - b sin, a sin + b cos) for pairs (x[2i], x[2i + 1])
  static void rotate_neighbours(float* x, const float* cos, const float* sin, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; ++i) rotate(x[2 * i], x[2 * i + 1], cos[i], sin[i]);
  }

  static void to_half(f16* out, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = to_f16(x[i]);
  }

  // out = e^x; out may be x
  static void exp(float* out, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) out[i] = exp_scalar(x[i]);
  }
  // gate = silu(gate) * up
  static void silu_gate(float* gate, const float* up, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) gate[i] = gate[i] / (1.0f + exp_scalar(-gate[i])) * up[i];
  }
  // gate = gelu_tanh(gate) * up, by 0.5 z (1 + tanh(u)) = z / (1 + exp(-2u))
  static void gelu_gate(float* gate, const float* up, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      const float z = gate[i];
      const float u = z * std::fma(gelu_cubic * z, z, gelu_linear);
      gate[i] = z / (1.0f + exp_scalar(u)) * up[i];
    }
  }
  // -2 sqrt(2/pi), and the same times 0.044715
  static constexpr float gelu_linear = -1.59576912160573f, gelu_cubic = -0.0713548162726f;

  // The largest x. NaN are ignored; the maximum of no numbers is -inf.
  [[nodiscard]] static float max(const float* x, std::size_t n) {
    float largest = -std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < n; ++i) largest = x[i] > largest ? x[i] : largest;
    return largest;
  }
  // The largest magnitude as bits, which have the same order as magnitudes: NaN is above infinity. It is 0 for no
  // numbers.
  [[nodiscard]] static std::uint32_t largest_magnitude(const float* x, std::size_t n) {
    std::uint32_t largest = 0;
    for (std::size_t i = 0; i < n; ++i) {
      largest = std::max(largest, std::bit_cast<std::uint32_t>(x[i]) & 0x7fffffffu);
    }
    return largest;
  }
  // The first i >= from with x[i] > threshold, or n.
  [[nodiscard]] static std::size_t find_above(const float* x, std::size_t from, std::size_t n, float threshold) {
    while (from < n && !(x[from] > threshold)) ++from;
    return from;
  }
  [[nodiscard]] static ExpSums exp_sums(const float* x, float max, std::size_t n) {
    ExpSums sums;
    for (std::size_t i = 0; i < n; ++i) {
      const float difference = x[i] - max;
      const float d = difference < exp_floor ? exp_floor : difference;  // if difference is -inf, 0 * d stays 0
      sums.add(static_cast<double>(exp_scalar(d)), static_cast<double>(d));
    }
    return sums;
  }
  static constexpr float exp_floor = -200;  // e^x is 0 below

  // weights = e^(scale * weights - max), in place; n is a multiple of 16. Weights from `count` on become 0.
  static SoftmaxPart softmax_block(float* weights, float scale, std::size_t count, std::size_t n) {
    SoftmaxPart part{-std::numeric_limits<float>::infinity(), 0};
    for (std::size_t i = 0; i < n; ++i) {
      weights[i] = i < count ? scale * weights[i] : -std::numeric_limits<float>::infinity();
      part.max = weights[i] > part.max ? weights[i] : part.max;
    }
    std::array<float, lanes> sum{};
    for (std::size_t i = 0; i < n; ++i) {
      weights[i] = i < count ? exp_scalar(weights[i] - part.max) : 0.0f;
      sum[i % lanes] += weights[i];
    }
    for (const float s : sum) part.sum += s;
    return part;
  }

  // out[h][16 t + j] = <q[h], key 16 (first_tile + t) + j>, as a chain of fma over the components.
  // out [heads, out_stride], q [heads, dim]
  template <class T>
  static void scores(float* out, std::size_t out_stride, const float* q, std::size_t heads, const KvStream<T>& stream,
                     std::size_t first_tile, std::size_t tiles) {
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t t = 0; t < tiles; ++t) {
        float* sum = out + h * out_stride + t * tile_entries;
        const auto keys = stream.key_rows(first_tile + t);
        std::fill_n(sum, tile_entries, 0.0f);
        for (std::size_t d = 0; d < stream.dim; ++d) {
          for (std::size_t j = 0; j < tile_entries; ++j) {
            sum[j] = std::fma(q[h * stream.dim + d], number(keys, d, j), sum[j]);
          }
        }
      }
    }
  }
  // out[h] = sum over e < count of weights[h][e] * values[first + e], in order of e.
  // out [heads, width], weights [heads, weights_stride]; width is a multiple of 16
  template <class T>
  static void weigh_values(float* out, const float* weights, std::size_t weights_stride, std::size_t heads,
                           const KvStream<T>& stream, std::size_t first, std::size_t count) {
    const std::size_t width = stream.width;
    std::fill_n(out, heads * width, 0.0f);
    for (std::size_t d = 0; d < width; d += tile_entries) {
      const auto values = stream.value_rows(first, d);
      for (std::size_t h = 0; h < heads; ++h) {
        float* sum = out + h * width + d;
        for (std::size_t e = 0; e < count; ++e) {
          const float weight = weights[h * weights_stride + e];
          for (std::size_t j = 0; j < tile_entries; ++j) sum[j] = std::fma(weight, number(values, e, j), sum[j]);
        }
      }
    }
  }

  // Number j of row r.
  template <class T>
  [[nodiscard]] static float number(const Rows<T>& rows, std::size_t r, std::size_t j) {
    return widen(rows.x[r * rows.stride + j]);
  }
  [[nodiscard]] static float number(const Q8KeyRows& rows, std::size_t r, std::size_t j) {
    return static_cast<float>(rows.row(r)[j]) * to_float(rows.scales_of(r)[j]);
  }
  [[nodiscard]] static float number(const Q8ValueRows& rows, std::size_t r, std::size_t j) {
    return static_cast<float>(rows.row(r)[j]) * to_float(rows.scale_of(r));
  }
  [[nodiscard]] static float widen(float x) { return x; }
  [[nodiscard]] static float widen(f16 x) { return to_float(x); }

 private:
  static void rotate(float& a, float& b, float cos, float sin) {
    const float first = std::fma(a, cos, -(b * sin));
    b = std::fma(b, cos, a * sin);
    a = first;
  }
};

}  // namespace litestage::cpu
