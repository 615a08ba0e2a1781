// What the kernels of matmul_avx512.hpp read from a panel (panel_format.hpp), all of its 16 rows at a time.
#pragma once

#include <cstddef>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/matmul/panel_format.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

// GCC 12 warns that undefined operands inside its own intrinsics are uninitialised variables.
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace litestage::cpu::avx512 {

LITESTAGE_INLINE_AVX512 __m512i load_part(const std::byte* block, int part) {
  return _mm512_loadu_si512(block + part * 64);
}

// Loads 16 numbers of f16 or of 8-bit integers as float.
LITESTAGE_INLINE_AVX512 __m512 load_f16(const std::byte* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
template <bool is_signed>
LITESTAGE_INLINE_AVX512 __m512i load_integers(const std::byte* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return is_signed ? _mm512_cvtepi8_epi32(bytes) : _mm512_cvtepu8_epi32(bytes);
}
template <bool is_signed>
LITESTAGE_INLINE_AVX512 __m512 load_bytes(const std::byte* p) {
  return _mm512_cvtepi32_ps(load_integers<is_signed>(p));
}

// a | (b & mask), as ternary logic with the truth table 0xf8 (a has weight 4, b 2, mask 1).
LITESTAGE_INLINE_AVX512 __m512i or_masked(__m512i a, __m512i b, __m512i mask) {
  return _mm512_ternarylogic_epi32(a, b, mask, 0xf8);
}

// Shifts left by a constant, or right if it is negative; bits that cross into the next byte are masked off later.
template <int left>
LITESTAGE_INLINE_AVX512 __m512i shift_bits(__m512i v) {
  if constexpr (left > 0) return _mm512_slli_epi16(v, left);
  if constexpr (left < 0) return _mm512_srli_epi16(v, -left);
  return v;
}

// Vector v of codes of 3 bits.
template <int v>
LITESTAGE_INLINE_AVX512 __m512i unpack_three(const std::byte* block) {
  const __m512i part = load_part(block, v / 3);
  if constexpr (v % 3 != 2) return _mm512_and_si512(shift_bits<v % 3 * -3>(part), _mm512_set1_epi8(0x07));
  const __m512i third = shift_bits<-4 - v / 3>(load_part(block, 2));
  return or_masked(_mm512_and_si512(shift_bits<-6>(part), _mm512_set1_epi8(0x03)), third, _mm512_set1_epi8(0x04));
}

// Unpacks vectors v and v + 4 of a block of `bits` bits (panel_format.hpp).
template <int bits, int v>
LITESTAGE_INLINE_AVX512 void unpack_pair(const std::byte* block, __m512i (&w)[8]) {
  if constexpr (bits == 8) {
    w[v] = load_part(block, v);
    w[v + 4] = load_part(block, v + 4);
  } else if constexpr (bits == 3) {
    w[v] = unpack_three<v>(block);
    w[v + 4] = unpack_three<v + 4>(block);
  } else if constexpr (bits == 2) {
    const __m512i mask = _mm512_set1_epi8(0x03);
    w[v] = _mm512_and_si512(shift_bits<-2 * v>(load_part(block, 0)), mask);
    w[v + 4] = _mm512_and_si512(shift_bits<-2 * v>(load_part(block, 1)), mask);
  } else {
    const __m512i low = _mm512_set1_epi8(0x0f);
    const __m512i nibbles = load_part(block, v + (bits == 5 ? 1 : bits == 6 ? 2 : 0));
    w[v] = _mm512_and_si512(nibbles, low);
    w[v + 4] = _mm512_and_si512(_mm512_srli_epi16(nibbles, 4), low);
    if constexpr (bits == 5) {
      const __m512i fifth = load_part(block, 0), mask = _mm512_set1_epi8(0x10);
      w[v] = or_masked(w[v], shift_bits<4 - v>(fifth), mask);
      w[v + 4] = or_masked(w[v + 4], shift_bits<0 - v>(fifth), mask);
    }
    if constexpr (bits == 6) {
      const __m512i mask = _mm512_set1_epi8(0x30);
      w[v] = or_masked(w[v], shift_bits<4 - 2 * v>(load_part(block, 0)), mask);
      w[v + 4] = or_masked(w[v + 4], shift_bits<4 - 2 * v>(load_part(block, 1)), mask);
    }
  }
}
// Unpacks a block: its codes, or the unsigned numbers that they stand for.
template <DType type>
LITESTAGE_INLINE_AVX512 void unpack(const std::byte* block, __m512i (&w)[8]) {
  constexpr int bits = panel_traits<type>.code_bits;
  unpack_pair<bits, 0>(block, w);
  unpack_pair<bits, 1>(block, w);
  unpack_pair<bits, 2>(block, w);
  unpack_pair<bits, 3>(block, w);
  if constexpr (panel_traits<type>.has_table) {
    const __m512i table =
        _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(panel_table<type>.data())));
    LITESTAGE_CPU_UNROLL
    for (int v = 0; v < 8; ++v) w[v] = _mm512_shuffle_epi8(table, w[v]);
  }
}

// Scales and minimums of a block's sections.
struct Factors {
  __m512 scale[2], min[2];
};

// Scale and minimum of a group.
template <DType type>
LITESTAGE_INLINE_AVX512 Factors load_scales(const std::byte* group) {
  const __m512 min = panel_traits<type>.has_min ? load_f16(group + 32) : _mm512_setzero_ps();
  if constexpr (panel_traits<type>.power_scale) {
    // 2^(e - 127) has the exponent e, but for e = 0 it is a subnormal number. The product is exact.
    const __m512i bits = _mm512_slli_epi32(load_integers<false>(group), 23);
    const __m512 twice = _mm512_castsi512_ps(_mm512_max_epi32(bits, _mm512_set1_epi32(0x00400000)));
    const __m512 d = _mm512_mul_ps(twice, _mm512_set1_ps(0.5f));
    return {{d, d}, {min, min}};
  } else {
    const __m512 d = load_f16(group);
    return {{d, d}, {min, min}};
  }
}
// Those of block b of a group of 256 columns. Products are exact: 11 bits of d times at most 8 bits of the sub-scale.
template <DType type>
LITESTAGE_INLINE_AVX512 Factors sub_factors(const Factors& of_group, const std::byte* group, std::size_t b) {
  constexpr PanelTraits traits = panel_traits<type>;
  Factors f = of_group;
  LITESTAGE_CPU_UNROLL
  for (int s = 0; s < sections<type>; ++s) {
    const std::size_t at = (b * sections<type> + s) * panel_rows;
    const std::byte* subs = group + traits.sub_scales_at() + at;
    if constexpr (traits.paired_subs()) {
      const __m512i both = load_integers<false>(subs);
      f.scale[s] = _mm512_mul_ps(f.scale[s], _mm512_cvtepi32_ps(_mm512_and_si512(both, _mm512_set1_epi32(15))));
      f.min[s] = _mm512_mul_ps(f.min[s], _mm512_cvtepi32_ps(_mm512_srli_epi32(both, 4)));
    } else {
      f.scale[s] = _mm512_mul_ps(f.scale[s], load_bytes<!traits.has_min>(subs));
      if constexpr (traits.has_min) {
        f.min[s] = _mm512_mul_ps(f.min[s], load_bytes<false>(group + traits.sub_mins_at() + at));
      }
    }
  }
  return f;
}

// Loads 16 rows of one column as float.
template <DType type>
LITESTAGE_INLINE_AVX512 __m512 load_column(const std::byte* panel, std::size_t k) {
  if constexpr (type == DType::f32) return _mm512_loadu_ps(reinterpret_cast<const float*>(panel) + k * 16);
  if constexpr (type == DType::f16) return load_f16(panel + k * 32);
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(panel + k * 32));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

}  // namespace litestage::cpu::avx512

#pragma GCC diagnostic pop
#endif
