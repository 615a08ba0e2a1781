// What the kernels of matmul_avx2.hpp read from a panel (panel_format.hpp), 8 of its 16 rows at a time. `half`: rows
// 0-7 or 8-15.
#pragma once

#include <cstddef>

#include "litestage/backend/cpu/matmul/dot_products_avx2.hpp"
#include "litestage/backend/cpu/matmul/panel_format.hpp"

#if defined(__x86_64__)

namespace litestage::cpu::avx2 {

LITESTAGE_INLINE_AVX2 __m256i load_part(const std::byte* block, int part, int half) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + part * 64 + half * 32));
}
LITESTAGE_INLINE_AVX2 __m256 load_f16(const std::byte* p, int half) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + half * 16)));
}
template <bool is_signed>
LITESTAGE_INLINE_AVX2 __m256i load_integers(const std::byte* p, int half) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p + half * 8));
  return is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
}
template <bool is_signed>
LITESTAGE_INLINE_AVX2 __m256 load_bytes(const std::byte* p, int half) {
  return _mm256_cvtepi32_ps(load_integers<is_signed>(p, half));
}

template <int left>
LITESTAGE_INLINE_AVX2 __m256i shift_bits(__m256i v) {
  if constexpr (left > 0) return _mm256_slli_epi16(v, left);
  if constexpr (left < 0) return _mm256_srli_epi16(v, -left);
  return v;
}

// Vector v of codes of 3 bits.
template <int v>
LITESTAGE_INLINE_AVX2 __m256i unpack_three(const std::byte* block, int half) {
  const __m256i part = load_part(block, v / 3, half);
  if constexpr (v % 3 != 2) return _mm256_and_si256(shift_bits<v % 3 * -3>(part), _mm256_set1_epi8(0x07));
  const __m256i third = shift_bits<-4 - v / 3>(load_part(block, 2, half));
  return _mm256_or_si256(_mm256_and_si256(shift_bits<-6>(part), _mm256_set1_epi8(0x03)),
                         _mm256_and_si256(third, _mm256_set1_epi8(0x04)));
}

// Vectors v and v + 4 of a block, for v from 0 to 3: their codes, or the unsigned numbers that the codes stand for.
struct VectorPair {
  __m256i first, second;
};
template <int bits, int v>
LITESTAGE_INLINE_AVX2 VectorPair unpack_pair(const std::byte* block, int half) {
  if constexpr (bits == 8) return {load_part(block, v, half), load_part(block, v + 4, half)};
  if constexpr (bits == 3) return {unpack_three<v>(block, half), unpack_three<v + 4>(block, half)};
  if constexpr (bits == 2) {
    const __m256i mask = _mm256_set1_epi8(0x03);
    return {_mm256_and_si256(shift_bits<-2 * v>(load_part(block, 0, half)), mask),
            _mm256_and_si256(shift_bits<-2 * v>(load_part(block, 1, half)), mask)};
  }
  const __m256i low = _mm256_set1_epi8(0x0f);
  const __m256i nibbles = load_part(block, v + (bits == 5 ? 1 : bits == 6 ? 2 : 0), half);
  VectorPair w{_mm256_and_si256(nibbles, low), _mm256_and_si256(_mm256_srli_epi16(nibbles, 4), low)};
  if constexpr (bits == 5) {
    const __m256i fifth = load_part(block, 0, half), mask = _mm256_set1_epi8(0x10);
    w.first = _mm256_or_si256(w.first, _mm256_and_si256(shift_bits<4 - v>(fifth), mask));
    w.second = _mm256_or_si256(w.second, _mm256_and_si256(shift_bits<0 - v>(fifth), mask));
  }
  if constexpr (bits == 6) {
    constexpr int left = 4 - 2 * v;
    const __m256i mask = _mm256_set1_epi8(0x30);
    const __m256i upper = shift_bits<left>(load_part(block, 0, half));
    const __m256i upper_of_second = shift_bits<left>(load_part(block, 1, half));
    w.first = _mm256_or_si256(w.first, _mm256_and_si256(upper, mask));
    w.second = _mm256_or_si256(w.second, _mm256_and_si256(upper_of_second, mask));
  }
  return w;
}
// `is_signed`: the numbers of a table as they are.
template <DType type, int v, bool is_signed = false>
LITESTAGE_INLINE_AVX2 VectorPair load_pair(const std::byte* block, int half) {
  const VectorPair w = unpack_pair<panel_traits<type>.code_bits, v>(block, half);
  if constexpr (panel_traits<type>.has_table) {
    const void* numbers = panel_table<type>.data();
    if constexpr (is_signed) numbers = info(type).coding.numbers;
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(static_cast<const __m128i*>(numbers)));
    return {_mm256_shuffle_epi8(table, w.first), _mm256_shuffle_epi8(table, w.second)};
  }
  return w;
}

// The scale d of a group.
template <DType type>
LITESTAGE_INLINE_AVX2 __m256 load_scale(const std::byte* group, int half) {
  if constexpr (!panel_traits<type>.power_scale) return load_f16(group, half);
  // 2^(e - 127) has the exponent e, but for e = 0 it is a subnormal number. The product is exact.
  const __m256i bits = _mm256_slli_epi32(load_integers<false>(group, half), 23);
  return _mm256_mul_ps(_mm256_castsi256_ps(_mm256_max_epi32(bits, _mm256_set1_epi32(0x00400000))),
                       _mm256_set1_ps(0.5f));
}

// Scales and minimums of a block's sections.
struct Factors {
  __m256 scale[2], min[2];
};
// The factors of block b of a group. Products are exact: 11 bits of d times at most 8 bits of the sub-scale.
template <DType type>
LITESTAGE_INLINE_AVX2 Factors load_factors(const std::byte* group, std::size_t b, int half) {
  constexpr PanelTraits traits = panel_traits<type>;
  const __m256 d = load_scale<type>(group, half);
  const __m256 min = traits.has_min ? load_f16(group + 32, half) : _mm256_setzero_ps();
  Factors f{{d, d}, {min, min}};
  if constexpr (traits.super_blocks) {
    LITESTAGE_CPU_UNROLL
    for (int s = 0; s < sections<type>; ++s) {
      const std::size_t at = (b * sections<type> + s) * panel_rows;
      const std::byte* subs = group + traits.sub_scales_at() + at;
      if constexpr (traits.paired_subs()) {
        const __m256i both = load_integers<false>(subs, half);
        f.scale[s] = _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_and_si256(both, _mm256_set1_epi32(15))));
        f.min[s] = _mm256_mul_ps(min, _mm256_cvtepi32_ps(_mm256_srli_epi32(both, 4)));
      } else {
        f.scale[s] = _mm256_mul_ps(d, load_bytes<!traits.has_min>(subs, half));
        if constexpr (traits.has_min) {
          f.min[s] = _mm256_mul_ps(min, load_bytes<false>(group + traits.sub_mins_at() + at, half));
        }
      }
    }
  }
  return f;
}

template <DType type>
LITESTAGE_INLINE_AVX2 __m256 load_column(const std::byte* panel, std::size_t k, int half) {
  if constexpr (type == DType::f32) return _mm256_loadu_ps(reinterpret_cast<const float*>(panel) + k * 16 + half * 8);
  if constexpr (type == DType::f16) return load_f16(panel + k * 32, half);
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(panel + k * 32 + half * 16));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}

}  // namespace litestage::cpu::avx2
#endif
