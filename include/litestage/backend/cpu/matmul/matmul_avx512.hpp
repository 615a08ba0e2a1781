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

// Adds the contribution of a block to a result: acc + scale (dot of codes) [+ min (sum of activations)].
template <DType type>
LITESTAGE_INLINE_AVX512 __m512 add_block(__m512 acc, const __m512i (&w)[8], const Factors& f,
                                         const ActivationBlock& x) {
  constexpr PanelTraits traits = panel_traits<type>;
  const __m512 x_scale = _mm512_set1_ps(x.scale);
  if constexpr (sections<type> == 2) {
    __m512i first = start_sum<type>(x.negative_sum_first);
    __m512i second = start_sum<type>(x.negative_sum - x.negative_sum_first);
    LITESTAGE_CPU_UNROLL
    for (int v = 0; v < 4; ++v) {
      first = dot4(first, w[v], x, v);
      second = dot4(second, w[v + 4], x, v + 4);
    }
    acc = _mm512_fmadd_ps(_mm512_mul_ps(f.scale[0], x_scale), _mm512_cvtepi32_ps(first), acc);
    acc = _mm512_fmadd_ps(_mm512_mul_ps(f.scale[1], x_scale), _mm512_cvtepi32_ps(second), acc);
  } else {
    __m512i sum = start_sum<type>(x.negative_sum);
    LITESTAGE_CPU_UNROLL
    for (int v = 0; v < 8; ++v) sum = dot4(sum, w[v], x, v);
    acc = _mm512_fmadd_ps(_mm512_mul_ps(f.scale[0], x_scale), _mm512_cvtepi32_ps(sum), acc);
  }
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
      LITESTAGE_CPU_UNROLL
      for (int t = 0; t < n; ++t) acc[t] = add_block<type>(acc[t], w, f, x[t * stride]);
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
