// The sums of attention with AVX2, FMA and F16C: scores of queries with keys, and values weighed by them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/rows/kv_stream.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

namespace litestage::cpu {

// The functions of `Avx2` (row_kernels_avx2.hpp) that attention sums with.
struct Avx2Attention {
  template <class T>
  static void scores(float* out, std::size_t out_stride, const float* q, std::size_t heads, const KvStream<T>& stream,
                     std::size_t first_tile, std::size_t tiles) {
    const std::size_t dim = stream.dim;
    for (std::size_t t = 0; t < tiles; ++t) {
      const auto keys = stream.key_rows(first_tile + t);
      combine(out + t * tile_entries, out_stride, q, dim, heads, keys, dim,
              start(keys) + entries_ahead / tile_entries * dim * tile_entries);
    }
  }
  template <class T>
  static void weigh_values(float* out, const float* weights, std::size_t weights_stride, std::size_t heads,
                           const KvStream<T>& stream, std::size_t first, std::size_t count) {
    const std::size_t width = stream.width;
    const auto* next = start(stream.value_rows(first + entries_ahead, 0));
    for (std::size_t d = 0; d < width; d += 16, next += count * 16) {
      combine(out + d, width, weights, weights_stride, heads, stream.value_rows(first, d), count, next);
    }
  }

 private:
  // While these entries are attended to, those so far ahead are read into the level-2 cache: a block of attention.hpp,
  // which is more than the level-1 cache holds. One query over 7936 entries of the 1.5B model read 6.0 GB/s without it
  // and 10.5 with it, which is 0.8 of the peak of its multiplications; distances of 32 and 256 entries gave 10.1
  // and 9.5 (Zen 3, one thread).
  static constexpr std::size_t entries_ahead = 128;

  // out[h][0..16) = sum over r of factors[h][r] * row r, for `heads` rows of factors and n rows of keys, where the
  // factors are queries, or of values, where they are weights. `ahead` [16 n] is read into the cache.
  template <class AnyRows, class T>
  static void combine(float* out, std::size_t out_stride, const float* factors, std::size_t factors_stride,
                      std::size_t heads, const AnyRows& rows, std::size_t n, const T* ahead) {
    // Six heads fill the registers with sums; more are split evenly.
    for (std::size_t passes = (heads + 5) / 6; passes > 0; --passes) {
      const std::size_t some = (heads + passes - 1) / passes;
      combine_some(some, out, out_stride, factors, factors_stride, rows, n, ahead);
      heads -= some;
      factors += some * factors_stride;
      out += some * out_stride;
    }
  }
  template <class AnyRows, class T>
  static void combine_some(std::size_t heads, float* out, std::size_t out_stride, const float* factors,
                           std::size_t factors_stride, const AnyRows& rows, std::size_t n, const T* ahead) {
    switch (heads) {
      case 1:
        return combine<1>(out, out_stride, factors, factors_stride, rows, n, ahead);
      case 2:
        return combine<2>(out, out_stride, factors, factors_stride, rows, n, ahead);
      case 3:
        return combine<3>(out, out_stride, factors, factors_stride, rows, n, ahead);
      case 4:
        return combine<4>(out, out_stride, factors, factors_stride, rows, n, ahead);
      case 5:
        return combine<5>(out, out_stride, factors, factors_stride, rows, n, ahead);
      default:
        return combine<6>(out, out_stride, factors, factors_stride, rows, n, ahead);
    }
  }
  template <std::size_t heads, class AnyRows, class T>
  LITESTAGE_TARGET_AVX2 static void combine(float* out, std::size_t out_stride, const float* factors,
                                            std::size_t factors_stride, const AnyRows& rows, std::size_t n,
                                            const T* ahead) {
    __m256 sum[heads][2];
#pragma GCC unroll 6
    for (std::size_t h = 0; h < heads; ++h) sum[h][0] = sum[h][1] = _mm256_setzero_ps();
    for (std::size_t r = 0; r < n; ++r) {
      __builtin_prefetch(ahead + r * 16, 0, 2);
      const __m256 first = load<0>(rows, r), second = load<8>(rows, r);
#pragma GCC unroll 6
      for (std::size_t h = 0; h < heads; ++h) {
        const __m256 f = _mm256_set1_ps(factors[h * factors_stride + r]);
        sum[h][0] = _mm256_fmadd_ps(f, first, sum[h][0]);
        sum[h][1] = _mm256_fmadd_ps(f, second, sum[h][1]);
      }
    }
#pragma GCC unroll 6
    for (std::size_t h = 0; h < heads; ++h) {
      _mm256_storeu_ps(out + h * out_stride, sum[h][0]);
      _mm256_storeu_ps(out + h * out_stride + 8, sum[h][1]);
    }
  }

  template <class T>
  [[nodiscard]] static const T* start(const Rows<T>& rows) {
    return rows.x;
  }
  template <class Q8Rows>
  [[nodiscard]] static const std::int8_t* start(const Q8Rows& rows) {
    return rows.codes;
  }

  // Numbers j .. j + 7 of row r.
  template <std::size_t j, class T>
  LITESTAGE_INLINE_AVX2 static __m256 load(const Rows<T>& rows, std::size_t r) {
    return widen(rows.x + r * rows.stride + j);
  }
  template <std::size_t j>
  LITESTAGE_INLINE_AVX2 static __m256 load(const Q8KeyRows& rows, std::size_t r) {
    return _mm256_mul_ps(widen(rows.row(r) + j), widen(rows.scales_of(r) + j));
  }
  template <std::size_t j>
  LITESTAGE_INLINE_AVX2 static __m256 load(const Q8ValueRows& rows, std::size_t r) {
    const __m128i scale = _mm_set1_epi16(static_cast<std::int16_t>(rows.scale_of(r).bits));
    return _mm256_mul_ps(widen(rows.row(r) + j), _mm256_cvtph_ps(scale));
  }
  LITESTAGE_INLINE_AVX2 static __m256 widen(const std::int8_t* x) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(x))));
  }
  LITESTAGE_INLINE_AVX2 static __m256 widen(const float* x) {
    return _mm256_loadu_ps(x);
  }
  LITESTAGE_INLINE_AVX2 static __m256 widen(const f16* x) {
    return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x)));
  }
};

}  // namespace litestage::cpu
#endif
