// The K/V cache stores NaN for a number that does not fit its type, on every backend (in Q8_0 for its whole block). A
// row that attends to such an entry is then NaN down to its logits, whereas an infinite key may get an attention weight
// of zero and leave logits that look valid. Two NaN values distinguish the causes: if the engine finds `kv_too_large`,
// its error names the remedy.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "litestage/core/host_device.hpp"
#include "litestage/core/numeric.hpp"

namespace litestage {

// Bits of the smallest magnitudes that do not fit: 65520, which rounds to infinity in F16; infinity for F32.
inline constexpr std::uint32_t too_large_for_f16 = 0x477ff000u, too_large_for_f32 = 0x7f800000u;

// The stored halves: for a number that was not finite before rounding, and for a finite number that is too large.
inline constexpr std::uint16_t kv_not_finite = 0x7e00u, kv_too_large = 0x7e01u;

// The largest magnitudes that a cache of F16 and one of Q8_0 hold.
inline constexpr int largest_kv_f16 = 65504, largest_kv_q8 = 127 * 65504;

// The half that is stored for the float with these bits; `rounded` is that float rounded to half.
LITESTAGE_HOST_DEVICE constexpr std::uint16_t stored_half(std::uint32_t bits, std::uint16_t rounded) {
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude < too_large_for_f16) return rounded;
  return magnitude < too_large_for_f32 ? kv_too_large : kv_not_finite;
}

// The bits that are stored for the float with these bits when the cache holds floats.
LITESTAGE_HOST_DEVICE constexpr std::uint32_t stored_single(std::uint32_t bits) {
  return (bits & 0x7fffffffu) < too_large_for_f32 ? bits : 0x7fc00000u;
}

// A cache of Q8_0 holds code * scale, with codes from -127 to 127 and one scale of F16 for 32 components of a head (the
// last ones of a head may be fewer). The product is exact in float.
inline constexpr std::size_t kv_q8_columns = 32;

// The number of scales of a head.
[[nodiscard]] constexpr std::size_t kv_q8_scales(std::size_t head_dim) {
  return (head_dim + kv_q8_columns - 1) / kv_q8_columns;
}

// Keys of some models (Qwen2) have a few components that are a hundred times larger than the others, and the scale of
// these would leave little of the others. Therefore keys of Q8_0 are changed in two ways before they are rounded,
// neither of which changes attention but for rounding:
//   Offset: a constant vector of each layer and K/V head is subtracted. The scores of a query all change by its product
//     with that vector, which softmax ignores (SageAttention, arXiv 2410.02367, which subtracts the mean of the keys).
//     The vector is the mean contribution of the projection's bias to a key, because the large components come from
//     that bias (model/key_offsets.hpp). So a stored key depends only on itself and the model.
//   Rotation: large components are spread over all others (QuaRot, arXiv 2404.00456, section 4.2) by a Hadamard matrix,
//     H, of the largest power of two that divides head_dim, at most 128, on the diagonal. Queries are rotated alike.
// What Q8_0 adds to the mean KL of F16 in nats (tests/crosscheck/score.py):
//                        neither   rotation     both
//   qwen2.5-coder-0.5b    1.1e-2     3.1e-3   5.0e-4
//   qwen2.5-coder-1.5b         -     3.0e-3   1.5e-5
//   smollm2-135m          6.5e-4     4.0e-4   4.0e-4  (without a bias)
[[nodiscard]] constexpr std::size_t kv_rotation_size(std::size_t head_dim) {
  const std::size_t power = head_dim & (~head_dim + 1);
  return power < 128 ? power : 128;
}
// x becomes factor * H x. x [head_dim], T is float or double.
template <class T>
void rotate_kv(T* x, std::size_t head_dim, T factor) {
  const std::size_t size = kv_rotation_size(head_dim);
  for (std::size_t first = 0; first < head_dim; first += size) {
    for (std::size_t half = 1; half < size; half *= 2) {
      for (std::size_t i = first; i < first + size; ++i) {
        if (((i - first) & half) != 0) continue;
        const T a = x[i], b = x[i + half];
        x[i] = a + b;
        x[i + half] = a - b;
      }
    }
  }
  for (std::size_t i = 0; i < head_dim; ++i) x[i] *= factor;
}
// The factor of keys is a power of two near 1 / sqrt(size), that of queries the rest of 1 / size, so both are exact.
[[nodiscard]] constexpr float kv_key_factor(std::size_t head_dim) {
  float factor = 1;
  for (std::size_t size = kv_rotation_size(head_dim); size >= 4; size /= 4) factor /= 2;
  return factor;
}
[[nodiscard]] constexpr float kv_query_factor(std::size_t head_dim) {
  return 1 / (static_cast<float>(kv_rotation_size(head_dim)) * kv_key_factor(head_dim));
}

// Turns a key [head_dim] into what is rounded: without the offset, which may be null, and rotated.
inline void to_kv_key(float* key, const float* offset, std::size_t head_dim) {
  for (std::size_t i = 0; offset != nullptr && i < head_dim; ++i) key[i] -= offset[i];
  rotate_kv(key, head_dim, kv_key_factor(head_dim));
}

// Rounds x[0 .. n), at most 32 numbers, to codes, and returns their scale: the largest magnitude / 127, rounded to F16.
// If that does not fit, or a number is not finite, the scale is one of the two NaN above, and so is every number.
inline f16 to_kv_q8(const float* x, std::size_t n, std::int8_t* codes) {
  float largest = 0;
  bool finite = true;
  for (std::size_t i = 0; i < n; ++i) {
    finite = finite && std::isfinite(x[i]);
    largest = std::max(largest, std::fabs(x[i]));
  }
  const float step = largest / 127;
  const std::uint32_t bits = finite ? std::bit_cast<std::uint32_t>(step) : too_large_for_f32;
  const f16 scale{stored_half(bits, to_f16(step).bits)};
  const float inverse = to_float(scale) > 0 ? 1 / to_float(scale) : 0;  // 0 for NaN, too
  for (std::size_t i = 0; i < n; ++i) {
    const float code = inverse == 0 ? 0 : std::clamp(std::nearbyint(x[i] * inverse), -127.0f, 127.0f);
    codes[i] = static_cast<std::int8_t>(code);
  }
  return scale;
}

}  // namespace litestage
