// AVX2 with FMA: a panel's 16 rows are two vectors of 8 lanes. Each lane has the same operations as with AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/panel_job.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

namespace litestage::cpu {

namespace detail {

#define LITESTAGE_INLINE_AVX2 LITESTAGE_TARGET_AVX2 LITESTAGE_ALWAYS_INLINE

// Names here end in _256 because the AVX-512 helpers live in the same namespace. `half`: rows 0-7 or 8-15.
LITESTAGE_INLINE_AVX2 __m256i load_part_256(const std::byte* block, int part, int half) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + part * 64 + half * 32));
}
LITESTAGE_INLINE_AVX2 __m256 load_f16_256(const std::byte* p, int half) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + half * 16)));
}
template <bool is_signed>
LITESTAGE_INLINE_AVX2 __m256 load_bytes_256(const std::byte* p, int half) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + half * 8));
  return _mm256_cvtepi32_ps(is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes));
}

template <int left>
LITESTAGE_INLINE_AVX2 __m256i shift_bits_256(__m256i v) {
  if constexpr (left > 0) return _mm256_slli_epi16(v, left);
  if constexpr (left < 0) return _mm256_srli_epi16(v, -left);
  return v;
}

// Unpacks vectors v and v + 4 of a block (panel_format.hpp). Codes of 8 bits become signed: a product of full unsigned
// and signed bytes could overflow its 16-bit sum.
template <int bits, int v>
LITESTAGE_INLINE_AVX2 void unpack_pair_256(const std::byte* block, int half, __m256i (&w)[8]) {
  if constexpr (bits == 8) {
    const __m256i sign = _mm256_set1_epi8(-128);
    w[v] = _mm256_xor_si256(load_part_256(block, v, half), sign);
    w[v + 4] = _mm256_xor_si256(load_part_256(block, v + 4, half), sign);
  } else {
    const __m256i low = _mm256_set1_epi8(0x0f);
    const __m256i nibbles = load_part_256(block, v + (bits == 5 ? 1 : bits == 6 ? 2 : 0), half);
    w[v] = _mm256_and_si256(nibbles, low);
    w[v + 4] = _mm256_and_si256(_mm256_srli_epi16(nibbles, 4), low);
    if constexpr (bits == 5) {
      const __m256i fifth = load_part_256(block, 0, half), mask = _mm256_set1_epi8(0x10);
      w[v] = _mm256_or_si256(w[v], _mm256_and_si256(shift_bits_256<4 - v>(fifth), mask));
      w[v + 4] = _mm256_or_si256(w[v + 4], _mm256_and_si256(shift_bits_256<0 - v>(fifth), mask));
    }
    if constexpr (bits == 6) {
      const __m256i mask = _mm256_set1_epi8(0x30);
      w[v] = _mm256_or_si256(w[v], _mm256_and_si256(shift_bits_256<4 - 2 * v>(load_part_256(block, 0, half)), mask));
      w[v + 4] =
          _mm256_or_si256(w[v + 4], _mm256_and_si256(shift_bits_256<4 - 2 * v>(load_part_256(block, 1, half)), mask));
    }
  }
}
template <int bits>
LITESTAGE_INLINE_AVX2 void unpack_256(const std::byte* block, int half, __m256i (&w)[8]) {
  unpack_pair_256<bits, 0>(block, half, w);
  unpack_pair_256<bits, 1>(block, half, w);
  unpack_pair_256<bits, 2>(block, half, w);
  unpack_pair_256<bits, 3>(block, half, w);
}

// Sums of two products of vector v, 16 bits each.
template <int bits>
LITESTAGE_INLINE_AVX2 __m256i products_256(__m256i w, const ActivationBlock& x, int v) {
  std::int32_t four;
  std::memcpy(&four, x.codes + 4 * v, sizeof(four));
  const __m256i codes = _mm256_set1_epi32(four);
  if constexpr (bits == 8) {  // |w| <= 128, |x| <= 127: 2 * 128 * 127 fits
    return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(codes, w));
  }
  return _mm256_maddubs_epi16(w, codes);
}

// The dot products of vectors first .. last - 1. 16-bit sums are added as long as they cannot overflow; each is at most
// 2 * 127 * (2^bits - 1).
template <int bits>
LITESTAGE_INLINE_AVX2 __m256i dot_256(__m256i sum, const __m256i (&w)[8], const ActivationBlock& x, int first,
                                      int last) {
  constexpr int run = bits == 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1;
  static_assert(bits == 8 || run * 2 * 127 * ((1 << bits) - 1) <= 32767);
  const __m256i ones = _mm256_set1_epi16(1);
  LITESTAGE_CPU_UNROLL
  for (int v = first; v < last; v += run) {
    __m256i pairs = products_256<bits>(w[v], x, v);
    LITESTAGE_CPU_UNROLL
    for (int u = 1; u < run; ++u) pairs = _mm256_add_epi16(pairs, products_256<bits>(w[(v + u) & 7], x, v + u));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
  }
  return sum;
}

template <DType type>
LITESTAGE_INLINE_AVX2 __m256i start_sum_256(std::int32_t negative_sum) {
  constexpr PanelTraits traits = panel_traits<type>;
  if constexpr (traits.offset_shift < 0 || traits.code_bits == 8) return _mm256_setzero_si256();
  return _mm256_slli_epi32(_mm256_set1_epi32(negative_sum), traits.offset_shift & 31);
}

template <DType type>
LITESTAGE_INLINE_AVX2 __m256 add_block_256(__m256 acc, const __m256i (&w)[8], const __m256 (&scale)[2], __m256 min,
                                           const ActivationBlock& x) {
  constexpr PanelTraits traits = panel_traits<type>;
  const __m256 x_scale = _mm256_set1_ps(x.scale);
  if constexpr (traits.sub_columns == 16) {
    const std::int32_t rest = x.negative_sum - x.negative_sum_first;
    const __m256i first = dot_256<traits.code_bits>(start_sum_256<type>(x.negative_sum_first), w, x, 0, 4);
    const __m256i second = dot_256<traits.code_bits>(start_sum_256<type>(rest), w, x, 4, 8);
    acc = _mm256_fmadd_ps(_mm256_mul_ps(scale[0], x_scale), _mm256_cvtepi32_ps(first), acc);
    acc = _mm256_fmadd_ps(_mm256_mul_ps(scale[1], x_scale), _mm256_cvtepi32_ps(second), acc);
  } else {
    const __m256i sum = dot_256<traits.code_bits>(start_sum_256<type>(x.negative_sum), w, x, 0, 8);
    acc = _mm256_fmadd_ps(_mm256_mul_ps(scale[0], x_scale), _mm256_cvtepi32_ps(sum), acc);
  }
  if constexpr (traits.has_min) {
    const __m256 x_sum = _mm256_set1_ps(x.scaled_sum);
    acc = traits.super_blocks ? _mm256_fnmadd_ps(min, x_sum, acc) : _mm256_fmadd_ps(min, x_sum, acc);
  }
  return acc;
}

// Adds one block for 8 rows.
template <DType type, int n>
LITESTAGE_INLINE_AVX2 void half_block_256(const std::byte* group, std::size_t b, int half, const ActivationBlock* x,
                                          std::size_t stride, __m256 (&acc)[n]) {
  constexpr PanelTraits traits = panel_traits<type>;
  __m256i w[8];
  unpack_256<traits.code_bits>(group + traits.codes_at() + b * traits.code_bytes(), half, w);
  const __m256 d = load_f16_256(group, half);
  __m256 min = traits.has_min ? load_f16_256(group + 32, half) : _mm256_setzero_ps();
  __m256 scale[2] = {d, d};
  if constexpr (traits.super_blocks) {
    const std::byte* subs = group + traits.sub_scales_at() + b * (16 * 32 / traits.sub_columns);
    scale[0] = _mm256_mul_ps(d, load_bytes_256<!traits.has_min>(subs, half));
    if constexpr (traits.sub_columns == 16) scale[1] = _mm256_mul_ps(d, load_bytes_256<true>(subs + 16, half));
    if constexpr (traits.has_min) {
      min = _mm256_mul_ps(min, load_bytes_256<false>(group + traits.sub_mins_at() + b * 16, half));
    }
  }
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    acc[t] = add_block_256<type>(acc[t], w, scale, min, x[static_cast<std::size_t>(t) * stride]);
  }
}

template <DType type, int n>
LITESTAGE_INLINE_AVX2 void quantised_tile_256(const PanelJob& job, std::size_t token, __m256 (&low)[n],
                                              __m256 (&high)[n]) {
  constexpr PanelTraits traits = panel_traits<type>;
  const std::size_t groups = job.inputs->columns() / traits.group_columns();
  const std::size_t stride = job.inputs->blocks_per_row();
  const ActivationBlock* x = job.inputs->blocks(token);
  const std::byte* group = job.panel;
  for (std::size_t g = 0; g < groups; ++g, group += traits.group_bytes()) {
    for (std::size_t b = 0; b < traits.group_blocks(); ++b, ++x) {
      half_block_256<type, n>(group, b, 0, x, stride, low);
      half_block_256<type, n>(group, b, 1, x, stride, high);
    }
  }
}

template <DType type>
LITESTAGE_INLINE_AVX2 __m256 load_column_256(const std::byte* panel, std::size_t k, int half) {
  if constexpr (type == DType::f32) return _mm256_loadu_ps(reinterpret_cast<const float*>(panel) + k * 16 + half * 8);
  if constexpr (type == DType::f16) return load_f16_256(panel + k * 32, half);
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(panel + k * 32 + half * 16));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

// Adds one column for all 16 rows: acc += w x.
template <DType type, int n>
LITESTAGE_INLINE_AVX2 void add_column_256(const std::byte* panel, std::size_t k, const float* x, std::size_t stride,
                                          __m256 (&low)[n], __m256 (&high)[n]) {
  const __m256 w0 = load_column_256<type>(panel, k, 0), w1 = load_column_256<type>(panel, k, 1);
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    const __m256 xt = _mm256_set1_ps(x[static_cast<std::size_t>(t) * stride + k]);
    low[t] = _mm256_fmadd_ps(w0, xt, low[t]);
    high[t] = _mm256_fmadd_ps(w1, xt, high[t]);
  }
}

// Even and odd columns are two independent sums, added at the end.
template <DType type, int n>
LITESTAGE_INLINE_AVX2 void float_tile_256(const PanelJob& job, std::size_t token, __m256 (&low)[n], __m256 (&high)[n]) {
  const std::size_t columns = job.inputs->columns(), stride = job.inputs->float_stride();
  const float* x = job.inputs->floats(token);
  __m256 odd_low[n], odd_high[n];
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) odd_low[t] = odd_high[t] = _mm256_setzero_ps();
  std::size_t k = 0;
  for (; k + 2 <= columns; k += 2) {
    add_column_256<type, n>(job.panel, k, x, stride, low, high);
    add_column_256<type, n>(job.panel, k + 1, x, stride, odd_low, odd_high);
  }
  if (k < columns) add_column_256<type, n>(job.panel, k, x, stride, low, high);
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    low[t] = _mm256_add_ps(low[t], odd_low[t]);
    high[t] = _mm256_add_ps(high[t], odd_high[t]);
  }
}

#undef LITESTAGE_INLINE_AVX2

}  // namespace detail

// The tiles of `run_panel`, of two vectors per input.
struct Avx2Tiles {
  static constexpr int largest_tile = 4;

  LITESTAGE_TARGET_AVX2 __attribute__((noinline)) static void store(const PanelJob& job, std::size_t token,
                                                                    std::size_t n, const float* v) {
    store_rows(job, token, n, v);
  }

  template <DType type, int n>
  LITESTAGE_TARGET_AVX2 static void tile(const PanelJob& job, std::size_t token) {
    __m256 low[n], high[n];
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) low[t] = high[t] = _mm256_setzero_ps();
    if constexpr (is_float(type)) {
      detail::float_tile_256<type, n>(job, token, low, high);
    } else {
      detail::quantised_tile_256<type, n>(job, token, low, high);
    }
    alignas(32) float v[n][16];
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) {
      _mm256_store_ps(v[t], low[t]);
      _mm256_store_ps(v[t] + 8, high[t]);
    }
    store(job, token, n, v[0]);
  }
};

}  // namespace litestage::cpu
#endif
