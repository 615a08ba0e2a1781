// AVX-512 with VNNI: a panel's 16 rows are the 16 lanes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/panel_job.hpp"
#include "litestage/backend/cpu/matmul/panels_avx512.hpp"
#include "litestage/backend/cpu/matmul/read_ahead.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

// GCC 12 warns that undefined operands inside its own intrinsics are uninitialised variables.
#pragma GCC diagnostic push
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif

namespace litestage::cpu {

namespace avx512 {

// Adds the dot products of four activations with the four codes of each row to sum.
LITESTAGE_INLINE_AVX512 __m512i dot4(__m512i sum, __m512i w, const ActivationBlock& x, int v) {
  std::int32_t four;
  std::memcpy(&four, x.codes + 4 * v, sizeof(four));
  return _mm512_dpbusd_epi32(sum, w, _mm512_set1_epi32(four));
}

// The initial value of the integer sums: -offset * (sum of activation codes).
template <DType type>
LITESTAGE_INLINE_AVX512 __m512i start_sum(std::int32_t negative_sum) {
  if constexpr (panel_traits<type>.offset_shift < 0) return _mm512_setzero_si512();
  return _mm512_slli_epi32(_mm512_set1_epi32(negative_sum), panel_traits<type>.offset_shift & 31);
}

// The dot products of a section of a block, the whole block where it has one section, with n inputs; input t has the
// block x[t stride]. The inputs go in turns, because each of them is a chain of instructions that wait for one another.
template <DType type, int section, int n>
LITESTAGE_INLINE_AVX512 void dot_products(__m512i (&sum)[n], const __m512i (&w)[8], const ActivationBlock* x,
                                          std::size_t stride) {
  constexpr int steps = 8 / sections<type>;
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    const ActivationBlock& xt = x[t * stride];
    sum[t] = start_sum<type>(sections<type> == 1 ? xt.negative_sum : xt.negative_half(section));
  }
  LITESTAGE_CPU_UNROLL
  for (int v = section * steps; v < (section + 1) * steps; ++v) {
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) sum[t] = dot4(sum[t], w[v], x[t * stride], v);
  }
}

// Adds the contribution of a section to the results of n inputs: acc + scale (dot of codes).
template <DType type, int section, int n>
LITESTAGE_INLINE_AVX512 void add_section(__m512 (&acc)[n], const __m512i (&w)[8], __m512 scale,
                                         const ActivationBlock* x, std::size_t stride) {
  __m512i sum[n];
  dot_products<type, section, n>(sum, w, x, stride);
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    const __m512 x_scale = _mm512_set1_ps(x[t * stride].scale);
    acc[t] = _mm512_fmadd_ps(_mm512_mul_ps(scale, x_scale), _mm512_cvtepi32_ps(sum[t]), acc[t]);
  }
}

// acc [+ min (sum of activations)] for one input.
template <DType type>
LITESTAGE_INLINE_AVX512 __m512 add_minimums(__m512 acc, const Factors& f, const ActivationBlock& x) {
  constexpr PanelTraits traits = panel_traits<type>;
  if constexpr (traits.has_min && sections<type> == 2) {
    acc = _mm512_fnmadd_ps(f.min[0], _mm512_set1_ps(x.scaled_half(0)), acc);
    acc = _mm512_fnmadd_ps(f.min[1], _mm512_set1_ps(x.scaled_half(1)), acc);
  } else if constexpr (traits.has_min) {
    const __m512 x_sum = _mm512_set1_ps(x.scaled_sum);
    acc = traits.super_blocks ? _mm512_fnmadd_ps(f.min[0], x_sum, acc) : _mm512_fmadd_ps(f.min[0], x_sum, acc);
  }
  return acc;
}

template <DType type, int n>
LITESTAGE_INLINE_AVX512 void quantised_tile(const PanelJob& job, std::size_t token, __m512 (&acc)[n]) {
  constexpr PanelTraits traits = panel_traits<type>;
  const std::size_t groups = job.inputs->columns() / traits.group_columns();
  const std::size_t stride = job.inputs->blocks_per_row();
  const ActivationBlock* x = job.inputs->blocks(token);
  const std::byte* group = job.panel;
  for (std::size_t g = 0; g < groups; ++g, group += traits.group_bytes()) {
    const Factors of_group = load_scales<type>(group);
    for (std::size_t b = 0; b < traits.group_blocks(); ++b, ++x) {
      read_ahead_part<type>(job.read_ahead, group, b);
      __m512i w[8];
      unpack<type>(group + traits.codes_at() + b * traits.code_bytes(), w);
      Factors f = of_group;
      if constexpr (traits.super_blocks) f = sub_factors<type>(of_group, group, b);
      add_section<type, 0, n>(acc, w, f.scale[0], x, stride);
      if constexpr (sections<type> == 2) add_section<type, 1, n>(acc, w, f.scale[1], x, stride);
      LITESTAGE_CPU_UNROLL
      for (int t = 0; t < n; ++t) acc[t] = add_minimums<type>(acc[t], f, x[t * stride]);
    }
  }
}

// Even and odd columns are two independent sums, added at the end.
template <DType type, int n>
LITESTAGE_INLINE_AVX512 void float_tile(const PanelJob& job, std::size_t token, __m512 (&acc)[n]) {
  const std::size_t columns = job.inputs->columns(), stride = job.inputs->float_stride();
  constexpr std::size_t column_bytes = panel_rows * info(type).block_bytes;
  const float* x = job.inputs->floats(token);
  __m512 odd[n];
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) odd[t] = _mm512_setzero_ps();
  std::size_t k = 0;
  for (; k + 2 <= columns; k += 2) {
    read_ahead<2 * column_bytes>(job.read_ahead, job.panel + k * column_bytes);
    const __m512 w0 = load_column<type>(job.panel, k), w1 = load_column<type>(job.panel, k + 1);
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) {
      const float* xt = x + t * stride + k;
      acc[t] = _mm512_fmadd_ps(w0, _mm512_set1_ps(xt[0]), acc[t]);
      odd[t] = _mm512_fmadd_ps(w1, _mm512_set1_ps(xt[1]), odd[t]);
    }
  }
  if (k < columns) {
    const __m512 w = load_column<type>(job.panel, k);
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) {
      acc[t] = _mm512_fmadd_ps(w, _mm512_set1_ps(x[t * stride + k]), acc[t]);
    }
  }
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) acc[t] = _mm512_add_ps(acc[t], odd[t]);
}

}  // namespace avx512

// The tiles of `run_tiles`, of one vector per input.
//
// Measured on one thread of an AMD Zen 4 (GCC 12 -O2, bench/matmul.cpp, best of 3 rounds), 128 inputs: tiles of 8, 12
// and 16 inputs give 267, 260, 268 Gop/s (Q8_0, 1536 x 576), 251, 259, 249 (Q4_K, 8960 x 1536), 100, 101, 91 (F32, 8960
// x 1536): no gain beyond 8. With one input, 23..33 GiB/s are read from memory there for every type, about as fast as a
// plain sum of a linear stream.
//
// On a Sapphire Rapids (medians of 3) 128 inputs gave 387 Gop/s (Q8_0, 1536 x 576), 387 (Q4_K, 8960 x 1536) and 299
// (Q6_K, 8960 x 1536) where each input's 8 steps followed one another, and 490, 455 and 315 since the steps of all
// inputs go in turns. Tiles of 12 inputs do not fit into the registers: 497, 434 and 309. Unpacking a block once for 32
// inputs, whose results then lie in the level-1 cache, gave 396, 375 and 283 beside 439, 440 and 277 in the same
// minutes. The peak of `vpdpbusd` is 970 there, two in a cycle. A block of Q4_K takes 12 vector operations for each
// input, of which 8 are products, and about 22 to unpack, shared by the 8 inputs: 59 cycles where the products alone
// take 32, so that 54 % of the peak is the most that this loop allows.
struct Avx512Panels {
  template <DType type>
  static void run(const PanelJob& job) {
    run_tiles<Avx512Panels, type>(job);
  }

  static constexpr int largest_tile = 8;

  LITESTAGE_TARGET_AVX512 __attribute__((noinline)) static void store(const PanelJob& job, std::size_t token,
                                                                      std::size_t n, float* v) {
    store_rows(job, token, n, v);
  }

  template <DType type, int n>
  LITESTAGE_TARGET_AVX512 static void tile(const PanelJob& job, std::size_t token) {
    __m512 acc[n];
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) acc[t] = _mm512_setzero_ps();
    if constexpr (is_float(type)) {
      avx512::float_tile<type, n>(job, token, acc);
    } else {
      avx512::quantised_tile<type, n>(job, token, acc);
    }
    alignas(64) float v[n][16];
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) _mm512_store_ps(v[t], acc[t]);
    store(job, token, n, v[0]);
  }
};

}  // namespace litestage::cpu

#pragma GCC diagnostic pop
#endif
