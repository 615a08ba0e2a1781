// The functions of row_kernels_portable.hpp with AVX2, FMA and F16C: eight lanes, tails with masked loads and stores.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "litestage/backend/cpu/rows/attention_kernels_avx2.hpp"
#include "litestage/backend/cpu/rows/row_kernels_portable.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

namespace litestage::cpu {

#define LITESTAGE_LANES LITESTAGE_TARGET_AVX2 LITESTAGE_ALWAYS_INLINE static

struct Avx2 : Avx2Attention {
  [[nodiscard]] LITESTAGE_TARGET_AVX2 static double sum_squares(const float* x, std::size_t n) {
    __m256 sum[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    std::size_t i = 0;
    for (; i + 32 <= n; i += 32) {
#pragma GCC unroll 4
      for (std::size_t k = 0; k < 4; ++k) {
        const __m256 v = _mm256_loadu_ps(x + i + 8 * k);
        sum[k] = _mm256_fmadd_ps(v, v, sum[k]);
      }
    }
    for (; i < n; i += 8) {
      const __m256 v = load(x + i, n - i);
      sum[0] = _mm256_fmadd_ps(v, v, sum[0]);
    }
    __m256d total = _mm256_setzero_pd();
    for (const __m256& s : sum) total = _mm256_add_pd(total, _mm256_add_pd(low(s), high(s)));
    return reduce(total);
  }
  LITESTAGE_TARGET_AVX2 static void scale_by(float* out, const float* x, const float* w, float factor, std::size_t n) {
    const __m256 f = _mm256_set1_ps(factor);
    for (std::size_t i = 0; i < n; i += 8) {
      store(out + i, _mm256_mul_ps(_mm256_mul_ps(f, load(x + i, n - i)), load(w + i, n - i)), n - i);
    }
  }
  LITESTAGE_TARGET_AVX2 static void scale(float* out, const float* x, float factor, std::size_t n) {
    const __m256 f = _mm256_set1_ps(factor);
    for (std::size_t i = 0; i < n; i += 8) store(out + i, _mm256_mul_ps(f, load(x + i, n - i)), n - i);
  }
  LITESTAGE_TARGET_AVX2 static void add_scaled(float* x, const float* y, float factor, std::size_t n) {
    const __m256 f = _mm256_set1_ps(factor);
    for (std::size_t i = 0; i < n; i += 8) {
      store(x + i, _mm256_fmadd_ps(f, load(y + i, n - i), load(x + i, n - i)), n - i);
    }
  }
  LITESTAGE_TARGET_AVX2 static Moments<double> add_scaled_measured(float* x, const float* y, float factor,
                                                                   std::size_t n) {
    const __m256 f = _mm256_set1_ps(factor);
    __m256d dot = _mm256_setzero_pd(), before = dot, after = dot;
    for (std::size_t i = 0; i < n; i += 8) {
      const __m256 old = load(x + i, n - i);
      const __m256 sum = _mm256_fmadd_ps(f, load(y + i, n - i), old);
      store(x + i, sum, n - i);
      const __m256d a = low(old), b = high(old), c = low(sum), d = high(sum);
      dot = _mm256_fmadd_pd(b, d, _mm256_fmadd_pd(a, c, dot));
      before = _mm256_fmadd_pd(b, b, _mm256_fmadd_pd(a, a, before));
      after = _mm256_fmadd_pd(d, d, _mm256_fmadd_pd(c, c, after));
    }
    return {reduce(dot), reduce(before), reduce(after)};
  }
  LITESTAGE_TARGET_AVX2 static void blend(float* x, float weight_x, const float* y, float weight_y, std::size_t n) {
    const __m256 a = _mm256_set1_ps(weight_x), b = _mm256_set1_ps(weight_y);
    for (std::size_t i = 0; i < n; i += 8) {
      store(x + i, _mm256_fmadd_ps(load(y + i, n - i), b, _mm256_mul_ps(load(x + i, n - i), a)), n - i);
    }
  }

  LITESTAGE_TARGET_AVX2 static void rotate_halves(float* x, const float* cos, const float* sin, std::size_t pairs) {
    for (std::size_t i = 0; i < pairs; i += 8) {
      const std::size_t left = pairs - i;
      const __m256 a = load(x + i, left), b = load(x + pairs + i, left);
      const __m256 c = load(cos + i, left), s = load(sin + i, left);
      store(x + i, _mm256_fmsub_ps(a, c, _mm256_mul_ps(b, s)), left);
      store(x + pairs + i, _mm256_fmadd_ps(b, c, _mm256_mul_ps(a, s)), left);
    }
  }
  LITESTAGE_TARGET_AVX2 static void rotate_neighbours(float* x, const float* cos, const float* sin, std::size_t pairs) {
    const __m256i twice = _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3);
    for (std::size_t i = 0; i < pairs; i += 4) {
      const std::size_t left = pairs - i;
      const __m256 v = load(x + 2 * i, 2 * left);
      const __m256 swapped = _mm256_permute_ps(v, 0b10110001);
      const __m256 c = _mm256_permutevar8x32_ps(load(cos + i, left < 4 ? left : 4), twice);
      const __m256 s = _mm256_permutevar8x32_ps(load(sin + i, left < 4 ? left : 4), twice);
      store(x + 2 * i, _mm256_fmaddsub_ps(v, c, _mm256_mul_ps(swapped, s)), 2 * left);  // subtracts in the even lanes
    }
  }

  LITESTAGE_TARGET_AVX2 static void to_half(f16* out, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 8) {
      const __m128i h = _mm256_cvtps_ph(load(x + i, n - i), _MM_FROUND_TO_NEAREST_INT);
      if (n - i >= 8) {
        _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), h);
      } else {
        std::array<f16, 8> tail;
        _mm_storeu_si128(reinterpret_cast<__m128i*>(tail.data()), h);
        std::copy_n(tail.data(), n - i, out + i);
      }
    }
  }

  LITESTAGE_TARGET_AVX2 static void exp(float* out, const float* x, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 8) store(out + i, exp(load(x + i, n - i)), n - i);
  }
  LITESTAGE_TARGET_AVX2 static void silu_gate(float* gate, const float* up, std::size_t n) {
    for (std::size_t i = 0; i < n; i += 8) {
      const __m256 z = load(gate + i, n - i);
      store(gate + i, _mm256_mul_ps(over_one_plus_exp(z, _mm256_sub_ps(_mm256_setzero_ps(), z)), load(up + i, n - i)),
            n - i);
    }
  }
  LITESTAGE_TARGET_AVX2 static void gelu_gate(float* gate, const float* up, std::size_t n) {
    const __m256 linear = _mm256_set1_ps(Portable::gelu_linear), cubic = _mm256_set1_ps(Portable::gelu_cubic);
    for (std::size_t i = 0; i < n; i += 8) {
      const __m256 z = load(gate + i, n - i);
      const __m256 u = _mm256_mul_ps(z, _mm256_fmadd_ps(_mm256_mul_ps(cubic, z), z, linear));
      store(gate + i, _mm256_mul_ps(over_one_plus_exp(z, u), load(up + i, n - i)), n - i);
    }
  }

  [[nodiscard]] LITESTAGE_TARGET_AVX2 static float max(const float* x, std::size_t n) {
    __m256 largest[2];
    largest[0] = largest[1] = _mm256_set1_ps(-std::numeric_limits<float>::infinity());
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {  // max(x, y) returns y if one is NaN
      largest[0] = _mm256_max_ps(_mm256_loadu_ps(x + i), largest[0]);
      largest[1] = _mm256_max_ps(_mm256_loadu_ps(x + i + 8), largest[1]);
    }
    const float both = reduce_max(_mm256_max_ps(largest[0], largest[1])), tail = Portable::max(x + i, n - i);
    return tail > both ? tail : both;
  }
  [[nodiscard]] LITESTAGE_TARGET_AVX2 static std::uint32_t largest_magnitude(const float* x, std::size_t n) {
    __m256i first = _mm256_setzero_si256(), second = first;
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      first = _mm256_max_epu32(first, magnitudes(x + i, 8));
      second = _mm256_max_epu32(second, magnitudes(x + i + 8, 8));
    }
    for (; i < n; i += 8) first = _mm256_max_epu32(first, magnitudes(x + i, n - i));
    first = _mm256_max_epu32(first, second);
    __m128i m = _mm_max_epu32(_mm256_castsi256_si128(first), _mm256_extracti128_si256(first, 1));
    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0b01001110));
    m = _mm_max_epu32(m, _mm_shuffle_epi32(m, 0b10110001));
    return static_cast<std::uint32_t>(_mm_cvtsi128_si32(m));
  }
  [[nodiscard]] LITESTAGE_TARGET_AVX2 static std::size_t find_above(const float* x, std::size_t from, std::size_t n,
                                                                    float threshold) {
    const __m256 t = _mm256_set1_ps(threshold);
    for (; from + 8 <= n; from += 8) {
      const int above = _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(x + from), t, _CMP_GT_OQ));
      if (above != 0) return from + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(above)));
    }
    return Portable::find_above(x, from, n, threshold);
  }
  [[nodiscard]] LITESTAGE_TARGET_AVX2 static ExpSums exp_sums(const float* x, float max, std::size_t n) {
    const __m256 m = _mm256_set1_ps(max), floor = _mm256_set1_ps(Portable::exp_floor);
    __m256d weight = _mm256_setzero_pd(), weighted = weight;
    for (std::size_t i = 0; i < n;) {
      __m256 some = _mm256_setzero_ps(), some_weighted = some;  // sums of 8 numbers per lane, in float
      for (const std::size_t end = std::min(n, i + 64); i < end; i += 8) {
        const __m256 d = _mm256_max_ps(floor, _mm256_sub_ps(load(x + i, n - i), m));
        const __m256 e = keep(exp(d), n - i);
        some = _mm256_add_ps(some, e);
        some_weighted = _mm256_fmadd_ps(e, d, some_weighted);
      }
      weight = _mm256_add_pd(weight, _mm256_add_pd(low(some), high(some)));
      weighted = _mm256_add_pd(weighted, _mm256_add_pd(low(some_weighted), high(some_weighted)));
    }
    return {reduce(weight), reduce(weighted)};
  }

  LITESTAGE_TARGET_AVX2 static SoftmaxPart softmax_block(float* weights, float scale, std::size_t count,
                                                         std::size_t n) {
    const __m256 s = _mm256_set1_ps(scale), lowest = _mm256_set1_ps(-std::numeric_limits<float>::infinity());
    __m256 max = lowest;
    for (std::size_t i = 0; i < count; i += 8) {
      const __m256 v = _mm256_mul_ps(s, _mm256_loadu_ps(weights + i));
      _mm256_storeu_ps(weights + i, v);
      max = _mm256_max_ps(_mm256_blendv_ps(lowest, v, _mm256_castsi256_ps(tail_mask(count - i))), max);
    }
    const float largest = reduce_max(max);
    const __m256 m = _mm256_set1_ps(largest);
    __m256 sum = _mm256_setzero_ps();
    for (std::size_t i = 0; i < n; i += 8) {
      const std::size_t left = i < count ? count - i : 0;
      const __m256 e = keep(exp(_mm256_sub_ps(_mm256_loadu_ps(weights + i), m)), left);
      _mm256_storeu_ps(weights + i, e);
      sum = _mm256_add_ps(sum, e);
    }
    return {largest, static_cast<float>(reduce(_mm256_add_pd(low(sum), high(sum))))};
  }

 private:
  LITESTAGE_LANES __m256 exp(__m256 x) {
    using C = ExpConstants;
    // If one operand is NaN, min and max return the second.
    x = _mm256_max_ps(_mm256_set1_ps(C::lowest), _mm256_min_ps(_mm256_set1_ps(C::highest), x));
    const __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(C::log2_e)), _MM_FROUND_TO_NEAREST_INT);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(C::ln2_high), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(C::ln2_low), r);
    __m256 q = _mm256_fmadd_ps(_mm256_set1_ps(C::q4), r, _mm256_set1_ps(C::q3));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(C::q2));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(C::q1));
    q = _mm256_fmadd_ps(q, r, _mm256_set1_ps(C::q0));
    const __m256 p = _mm256_add_ps(_mm256_set1_ps(1), _mm256_fmadd_ps(_mm256_mul_ps(r, r), q, r));
    const __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
    return _mm256_mul_ps(_mm256_mul_ps(p, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
  }
  LITESTAGE_LANES __m256 power_of_two(__m256i n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
  }
  // z / (1 + e^u)
  LITESTAGE_LANES __m256 over_one_plus_exp(__m256 z, __m256 u) {
    return _mm256_div_ps(z, _mm256_add_ps(_mm256_set1_ps(1), exp(u)));
  }

  // A mask of the first `count` lanes.
  LITESTAGE_LANES __m256i tail_mask(std::size_t count) {
    const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < 8 ? static_cast<int>(count) : 8), lane);
  }
  // Loads the first min(count, 8) numbers, followed by zeros.
  LITESTAGE_LANES __m256 load(const float* x, std::size_t count) {
    return count >= 8 ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, tail_mask(count));
  }
  // The bits of |x|.
  LITESTAGE_LANES __m256i magnitudes(const float* x, std::size_t count) {
    return _mm256_and_si256(_mm256_set1_epi32(0x7fffffff), _mm256_castps_si256(load(x, count)));
  }
  LITESTAGE_LANES void store(float* out, __m256 v, std::size_t count) {
    if (count >= 8) return _mm256_storeu_ps(out, v);
    _mm256_maskstore_ps(out, tail_mask(count), v);
  }
  LITESTAGE_LANES __m256 keep(__m256 v, std::size_t count) {
    return count >= 8 ? v : _mm256_and_ps(v, _mm256_castsi256_ps(tail_mask(count)));
  }
  LITESTAGE_LANES __m256d low(__m256 v) {
    return _mm256_cvtps_pd(_mm256_castps256_ps128(v));
  }
  LITESTAGE_LANES __m256d high(__m256 v) {
    return _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1));
  }
  LITESTAGE_LANES double reduce(__m256d v) {
    const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
  }
  LITESTAGE_LANES float reduce_max(__m256 v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
  }
};

#undef LITESTAGE_LANES

}  // namespace litestage::cpu
#endif
