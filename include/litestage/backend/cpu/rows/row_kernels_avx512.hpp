// The functions of row_kernels_portable.hpp with AVX-512: sixteen lanes, tails with masks. Norms and rotations are
// inherited from `Avx2`, because they take only a few vectors per row, and so is attention to entries of Q8_0.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "litestage/backend/cpu/rows/row_kernels_avx2.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

// GCC 12 warns about undefined operands inside its own intrinsics (its bug 105593).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace litestage::cpu {

#define LITESTAGE_LANES LITESTAGE_TARGET_AVX512 LITESTAGE_ALWAYS_INLINE static

struct Avx512 : Avx2 {
  LITESTAGE_TARGET_AVX512 static void exp(float* out, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 16) store(out + i, exp(load(x + i, n - i)), n - i);
  }
  LITESTAGE_TARGET_AVX512 static void silu_gate(float* gate, const float* up, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 16) {
      const __m512 z = load(gate + i, n - i);
      const __m512 activated = over_one_plus_exp(z, _mm512_sub_ps(_mm512_setzero_ps(), z));
      store(gate + i, _mm512_mul_ps(activated, load(up + i, n - i)), n - i);
    }
  }
  LITESTAGE_TARGET_AVX512 static void gelu_gate(float* gate, const float* up, std::size_t n) {
    const __m512 linear = _mm512_set1_ps(Portable::gelu_linear), cubic = _mm512_set1_ps(Portable::gelu_cubic);
    for (std::size_t i = 0; i < n; i += 16) {
      const __m512 z = load(gate + i, n - i);
      const __m512 u = _mm512_mul_ps(z, _mm512_fmadd_ps(_mm512_mul_ps(cubic, z), z, linear));
      store(gate + i, _mm512_mul_ps(over_one_plus_exp(z, u), load(up + i, n - i)), n - i);
    }
  }

  [[nodiscard]] LITESTAGE_TARGET_AVX512 static float max(const float* x, std::size_t n) {
    const __m512 lowest = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    __m512 largest[4] = {lowest, lowest, lowest, lowest};
    std::size_t i = 0;
    for (; i + 64 <= n; i += 64) {  // max(x, y) returns y if one is NaN
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) largest[k] = _mm512_max_ps(_mm512_loadu_ps(x + i + 16 * k), largest[k]);
    }
    for (; i < n; i += 16) {
      largest[0] = _mm512_max_ps(_mm512_mask_loadu_ps(lowest, tail_mask(n - i), x + i), largest[0]);
    }
    return _mm512_reduce_max_ps(
        _mm512_max_ps(_mm512_max_ps(largest[0], largest[1]), _mm512_max_ps(largest[2], largest[3])));
  }
  [[nodiscard]] LITESTAGE_TARGET_AVX512 static std::size_t find_above(const float* x, std::size_t from, std::size_t n,
                                                                      float threshold) {
    const __m512 t = _mm512_set1_ps(threshold);
    for (; from < n; from += 16) {
      const __mmask16 valid = tail_mask(n - from);
      const __mmask16 above = _mm512_mask_cmp_ps_mask(valid, _mm512_maskz_loadu_ps(valid, x + from), t, _CMP_GT_OQ);
      if (above != 0) return from + static_cast<std::size_t>(__builtin_ctz(above));
    }
    return n;
  }
  [[nodiscard]] LITESTAGE_TARGET_AVX512 static ExpSums exp_sums(const float* x, float max, std::size_t n) {
    const __m512 m = _mm512_set1_ps(max), floor = _mm512_set1_ps(Portable::exp_floor);
    __m512d weight = _mm512_setzero_pd(), weighted = weight;
    for (std::size_t i = 0; i < n;) {
      __m512 some = _mm512_setzero_ps(), some_weighted = some;  // sums of 8 numbers per lane, in float
      for (const std::size_t end = std::min(n, i + 128); i < end; i += 16) {
        const __m512 d = _mm512_max_ps(floor, _mm512_sub_ps(load(x + i, n - i), m));
        const __m512 e = _mm512_maskz_mov_ps(tail_mask(n - i), exp(d));
        some = _mm512_add_ps(some, e);
        some_weighted = _mm512_fmadd_ps(e, d, some_weighted);
      }
      weight = _mm512_add_pd(weight, _mm512_add_pd(low(some), high(some)));
      weighted = _mm512_add_pd(weighted, _mm512_add_pd(low(some_weighted), high(some_weighted)));
    }
    return {_mm512_reduce_add_pd(weight), _mm512_reduce_add_pd(weighted)};
  }

  LITESTAGE_TARGET_AVX512 static SoftmaxPart softmax_block(float* weights, float scale, std::size_t count,
                                                           std::size_t n) {
    const __m512 s = _mm512_set1_ps(scale), lowest = _mm512_set1_ps(-std::numeric_limits<float>::infinity());
    __m512 max = lowest;
    for (std::size_t i = 0; i < count; i += 16) {
      const __m512 v = _mm512_mul_ps(s, _mm512_loadu_ps(weights + i));
      _mm512_storeu_ps(weights + i, v);
      max = _mm512_mask_max_ps(max, tail_mask(count - i), v, max);
    }
    const float largest = _mm512_reduce_max_ps(max);
    const __m512 m = _mm512_set1_ps(largest);
    __m512 sum = _mm512_setzero_ps();
    for (std::size_t i = 0; i < n; i += 16) {
      const __mmask16 valid = tail_mask(i < count ? count - i : 0);
      const __m512 e = _mm512_maskz_mov_ps(valid, exp(_mm512_sub_ps(_mm512_loadu_ps(weights + i), m)));
      _mm512_storeu_ps(weights + i, e);
      sum = _mm512_add_ps(sum, e);
    }
    return {largest, _mm512_reduce_add_ps(sum)};
  }

  template <class T>
  static void scores(float* out, std::size_t out_stride, const float* q, std::size_t heads, const KvStream<T>& stream,
                     std::size_t first_tile, std::size_t tiles) {
    if constexpr (std::is_same_v<T, Q8>) {
      Avx2Attention::scores(out, out_stride, q, heads, stream, first_tile, tiles);
    } else {
      scores_of_stream(out, out_stride, q, heads, stream.key_rows(first_tile).x, tiles, stream.dim);
    }
  }
  template <class T>
  static void weigh_values(float* out, const float* weights, std::size_t weights_stride, std::size_t heads,
                           const KvStream<T>& stream, std::size_t first, std::size_t count) {
    if constexpr (std::is_same_v<T, Q8>) {
      Avx2Attention::weigh_values(out, weights, weights_stride, heads, stream, first, count);
    } else {
      values_of_stream(out, weights, weights_stride, heads, stream.value_rows(first, 0).x, count, stream.width);
    }
  }

 private:
  template <class T>
  static void scores_of_stream(float* out, std::size_t out_stride, const float* q, std::size_t heads, const T* keys,
                               std::size_t tiles, std::size_t dim) {
    std::size_t t = 0;
    for (; t + 4 <= tiles; t += 4) {
      scores_of_tiles<4>(out + t * tile_entries, out_stride, q, heads, keys + t * dim * tile_entries, dim);
    }
    for (; t < tiles; ++t) {
      scores_of_tiles<1>(out + t * tile_entries, out_stride, q, heads, keys + t * dim * tile_entries, dim);
    }
  }
  template <class T>
  static void values_of_stream(float* out, const float* weights, std::size_t weights_stride, std::size_t heads,
                               const T* values, std::size_t count, std::size_t width) {
    std::size_t d = 0;
    for (; d + 64 <= width; d += 64) {
      values_of_columns<4>(out + d, weights, weights_stride, heads, values + d, count, width);
    }
    for (; d < width; d += 16) {
      values_of_columns<1>(out + d, weights, weights_stride, heads, values + d, count, width);
    }
  }

  template <std::size_t tiles, class T>
  static void scores_of_tiles(float* out, std::size_t out_stride, const float* q, std::size_t heads, const T* keys,
                              std::size_t dim) {
    for (; heads >= 4; heads -= 4, q += 4 * dim, out += 4 * out_stride) {
      scores_of<tiles, 4>(out, out_stride, q, keys, dim);
    }
    if (heads == 3) scores_of<tiles, 3>(out, out_stride, q, keys, dim);
    if (heads == 2) scores_of<tiles, 2>(out, out_stride, q, keys, dim);
    if (heads == 1) scores_of<tiles, 1>(out, out_stride, q, keys, dim);
  }
  // The scores of 16 `tiles` entries for `heads` queries.
  template <std::size_t tiles, std::size_t heads, class T>
  LITESTAGE_TARGET_AVX512 static void scores_of(float* out, std::size_t out_stride, const float* q, const T* keys,
                                                std::size_t dim) {
    __m512 sum[heads][tiles];
#pragma GCC unroll 4
    for (std::size_t h = 0; h < heads; ++h) {
#pragma GCC unroll 4
      for (std::size_t t = 0; t < tiles; ++t) sum[h][t] = _mm512_setzero_ps();
    }
    for (std::size_t d = 0; d < dim; ++d) {
      __m512 key[tiles];
#pragma GCC unroll 4
      for (std::size_t t = 0; t < tiles; ++t) key[t] = widen(keys + (t * dim + d) * tile_entries);
#pragma GCC unroll 4
      for (std::size_t h = 0; h < heads; ++h) {
        const __m512 x = _mm512_set1_ps(q[h * dim + d]);
#pragma GCC unroll 4
        for (std::size_t t = 0; t < tiles; ++t) sum[h][t] = _mm512_fmadd_ps(x, key[t], sum[h][t]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t h = 0; h < heads; ++h) {
#pragma GCC unroll 4
      for (std::size_t t = 0; t < tiles; ++t) _mm512_storeu_ps(out + h * out_stride + t * tile_entries, sum[h][t]);
    }
  }

  template <std::size_t vectors, class T>
  static void values_of_columns(float* out, const float* weights, std::size_t weights_stride, std::size_t heads,
                                const T* values, std::size_t count, std::size_t width) {
    for (; heads >= 4; heads -= 4, weights += 4 * weights_stride, out += 4 * width) {
      values_of<vectors, 4>(out, weights, weights_stride, values, count, width);
    }
    if (heads == 3) values_of<vectors, 3>(out, weights, weights_stride, values, count, width);
    if (heads == 2) values_of<vectors, 2>(out, weights, weights_stride, values, count, width);
    if (heads == 1) values_of<vectors, 1>(out, weights, weights_stride, values, count, width);
  }
  // The weighted values, 16 `vectors` components, for `heads` queries.
  template <std::size_t vectors, std::size_t heads, class T>
  LITESTAGE_TARGET_AVX512 static void values_of(float* out, const float* weights, std::size_t weights_stride,
                                                const T* values, std::size_t count, std::size_t width) {
    __m512 sum[heads][vectors];
#pragma GCC unroll 4
    for (std::size_t h = 0; h < heads; ++h) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < vectors; ++v) sum[h][v] = _mm512_setzero_ps();
    }
    for (std::size_t e = 0; e < count; ++e) {
      __m512 value[vectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < vectors; ++v) value[v] = widen(values + e * width + 16 * v);
#pragma GCC unroll 4
      for (std::size_t h = 0; h < heads; ++h) {
        const __m512 w = _mm512_set1_ps(weights[h * weights_stride + e]);
#pragma GCC unroll 4
        for (std::size_t v = 0; v < vectors; ++v) sum[h][v] = _mm512_fmadd_ps(w, value[v], sum[h][v]);
      }
    }
#pragma GCC unroll 4
    for (std::size_t h = 0; h < heads; ++h) {
#pragma GCC unroll 4
      for (std::size_t v = 0; v < vectors; ++v) _mm512_storeu_ps(out + h * width + 16 * v, sum[h][v]);
    }
  }

  LITESTAGE_LANES __m512 exp(__m512 x) {
    using C = ExpConstants;
    // If one operand is NaN, min and max return the second.
    x = _mm512_max_ps(_mm512_set1_ps(C::lowest), _mm512_min_ps(_mm512_set1_ps(C::highest), x));
    const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(C::log2_e)),
                                          _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(C::ln2_high), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(C::ln2_low), r);
    __m512 q = _mm512_fmadd_ps(_mm512_set1_ps(C::q4), r, _mm512_set1_ps(C::q3));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(C::q2));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(C::q1));
    q = _mm512_fmadd_ps(q, r, _mm512_set1_ps(C::q0));
    const __m512 p = _mm512_add_ps(_mm512_set1_ps(1), _mm512_fmadd_ps(_mm512_mul_ps(r, r), q, r));
    return _mm512_scalef_ps(p, n);  // rounds once, also to subnormal numbers and infinity
  }
  // z / (1 + e^u)
  LITESTAGE_LANES __m512 over_one_plus_exp(__m512 z, __m512 u) {
    return _mm512_div_ps(z, _mm512_add_ps(_mm512_set1_ps(1), exp(u)));
  }

  // A mask of the first `count` lanes.
  LITESTAGE_LANES __mmask16 tail_mask(std::size_t count) {
    return static_cast<__mmask16>(count >= 16 ? 0xffffu : (1u << count) - 1u);
  }
  LITESTAGE_LANES __m512 load(const float* x, std::size_t count) {
    return _mm512_maskz_loadu_ps(tail_mask(count), x);
  }
  LITESTAGE_LANES void store(float* out, __m512 v, std::size_t count) {
    _mm512_mask_storeu_ps(out, tail_mask(count), v);
  }
  LITESTAGE_LANES __m512 widen(const float* x) {
    return _mm512_loadu_ps(x);
  }
  LITESTAGE_LANES __m512 widen(const f16* x) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)));
  }
  LITESTAGE_LANES __m512d low(__m512 v) {
    return _mm512_cvtps_pd(_mm512_castps512_ps256(v));
  }
  LITESTAGE_LANES __m512d high(__m512 v) {
    return _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1));
  }
};

#undef LITESTAGE_LANES

}  // namespace litestage::cpu

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
#endif
