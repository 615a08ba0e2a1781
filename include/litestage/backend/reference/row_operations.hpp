// The operations of ReferenceBackend on one row or one head. A Vector has `values`, which is empty if the model has no
// such tensor; a Rope has the cos and sin of the angles [positions, rotary_dim / 2], or is empty.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/core/numeric.hpp"
#include "litestage/step/token_stats.hpp"

namespace litestage::reference {

// h_j = x_j * norm_j / sqrt(mean(x^2) + eps). h may be x. If the squares overflow, h is NaN, because 0 would look like
// a result.
template <class Vector>
void norm_row(double* h, const double* x, const Vector& norm, std::size_t n, double eps) {
  double squares = 0;
  for (std::size_t j = 0; j < n; ++j) squares = std::fma(x[j], x[j], squares);
  const double factor =
      std::isfinite(squares) ? 1 / std::sqrt(squares / static_cast<double>(n) + eps) : squares - squares;
  for (std::size_t j = 0; j < n; ++j) h[j] = x[j] * factor * norm.values[j];
}

template <class Vector>
void add_bias(double* row, const Vector& bias) {
  for (std::size_t j = 0; j < bias.values.size(); ++j) row[j] += bias.values[j];
}

// Bias, per-head norm and RoPE of the heads of one row.
template <class Vector, class Rope>
void finish_heads(double* row, std::size_t heads, const Vector& bias, const Vector& norm, const AttentionShape& shape,
                  const Rope& rope, std::size_t position) {
  add_bias(row, bias);
  const std::size_t half = rope.cos.empty() ? 0 : shape.rotary_dim / 2;
  for (std::size_t head = 0; head < heads; ++head) {
    double* r = row + head * shape.head_dim;
    if (!norm.empty()) norm_row(r, r, norm, shape.head_dim, shape.norm_eps);
    for (std::size_t i = 0; i < half; ++i) {
      double& a = shape.rope_halves ? r[i] : r[2 * i];
      double& b = shape.rope_halves ? r[i + half] : r[2 * i + 1];
      const double cos = rope.cos(position, i), sin = rope.sin(position, i);
      const double turned = std::fma(a, cos, -(b * sin));
      b = std::fma(a, sin, b * cos);
      a = turned;
    }
  }
}

// A distinct NaN, stored where core/kv_number.hpp stores kv_too_large.
inline constexpr std::uint64_t too_large_bits = 0x7ff8000000000001u;

inline double stored(double value, KvType type) {  // f16 or f32
  const auto single = static_cast<float>(value);
  const auto bits = std::bit_cast<std::uint32_t>(single);
  if (type == KvType::f32) return std::bit_cast<float>(stored_single(bits));
  const std::uint16_t half = stored_half(bits, to_f16(single).bits);
  return half == kv_too_large ? std::bit_cast<double>(too_large_bits) : to_float(f16{half});
}

// Rounds a key or value [dim] to the type.
inline void store_numbers(double* out, const double* x, std::size_t dim, KvType type) {
  if (type != KvType::q8_0) {
    for (std::size_t j = 0; j < dim; ++j) out[j] = stored(x[j], type);
    return;
  }
  for (std::size_t first = 0; first < dim; first += kv_q8_columns) {
    const std::size_t n = std::min(kv_q8_columns, dim - first);
    std::array<float, kv_q8_columns> numbers;
    std::array<std::int8_t, kv_q8_columns> codes;
    for (std::size_t j = 0; j < n; ++j) numbers[j] = static_cast<float>(x[first + j]);
    const f16 scale = to_kv_q8(numbers.data(), n, codes.data());
    for (std::size_t j = 0; j < n; ++j) {
      out[first + j] = scale.bits == kv_too_large ? std::bit_cast<double>(too_large_bits)
                                                  : static_cast<double>(to_float(scale)) * codes[j];
    }
  }
}

inline bool any_nan(const double* x, std::size_t n) {
  return std::any_of(x, x + n, [](double y) { return std::isnan(y); });
}

// Stores a key [dim]. In Q8_0 it is rounded in the form of core/kv_number.hpp, which is then undone. `offset` may be
// null.
inline void store_key(double* out, const double* x, std::size_t dim, KvType type, const float* offset) {
  if (type != KvType::q8_0) return store_numbers(out, x, dim, type);
  std::vector<float> turned(x, x + dim);
  to_kv_key(turned.data(), offset, dim);
  const std::vector<double> exact(turned.begin(), turned.end());
  store_numbers(out, exact.data(), dim, type);
  if (any_nan(out, dim)) return;  // every score with this key is NaN, whatever its other blocks hold
  rotate_kv(out, dim, static_cast<double>(kv_query_factor(dim)));
  for (std::size_t j = 0; offset != nullptr && j < dim; ++j) out[j] += offset[j];
}

// Attention over the keys and values of one head: entry t is at k + t * stride.
inline void attend_head(double* out, const double* q, const double* k, const double* v, std::size_t stride,
                        std::size_t visible, std::size_t d, double scale) {
  std::vector<double> score(visible);
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::size_t t = 0; t < visible; ++t) {
    double dot = 0;
    for (std::size_t j = 0; j < d; ++j) dot = std::fma(q[j], k[t * stride + j], dot);
    score[t] = dot * scale;
    largest = std::max(largest, score[t]);
  }
  std::fill_n(out, d, 0.0);
  for (std::size_t t = 0; t < visible; ++t) {
    const double weight = std::exp(score[t] - largest);
    sum += weight;
    for (std::size_t j = 0; j < d; ++j) out[j] = std::fma(weight, v[t * stride + j], out[j]);
  }
  for (std::size_t j = 0; j < d; ++j) out[j] /= sum;
}

inline double activated(double z, Activation activation) {
  if (activation == Activation::silu) return z / (1 + std::exp(-z));
  constexpr double root_2_over_pi = 0.79788456080286535588;
  return 0.5 * z * (1 + std::tanh(root_2_over_pi * std::fma(0.044715 * z * z, z, z)));
}

inline TokenStats stats_of(std::span<const double> logits, Signal signals) {
  const auto best = std::max_element(logits.begin(), logits.end());  // the first if several are equal
  LogitSums row;
  row.token = static_cast<int>(best - logits.begin());
  row.finite = std::all_of(logits.begin(), logits.end(), [](double z) { return std::isfinite(z); });
  row.maximum = *best;
  for (const double z : logits) row.sums.add(std::exp(z - *best), z - *best);
  row.largest.fill(-std::numeric_limits<double>::infinity());
  std::partial_sort_copy(logits.begin(), logits.end(), row.largest.begin(),
                         row.largest.begin() + needs_largest(signals), std::greater<>());
  return token_stats_of(row, signals);
}

}  // namespace litestage::reference
