// AVX2 with FMA: a panel's 16 rows are two vectors of 8 lanes. Each lane has the same operations as with AVX-512.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "litestage/backend/cpu/matmul/panel_job.hpp"
#include "litestage/backend/cpu/matmul/panels_avx2.hpp"
#include "litestage/backend/cpu/matmul/read_ahead.hpp"

#if defined(__x86_64__)

namespace litestage::cpu {

namespace avx2 {

// Four activation codes in every lane.
LITESTAGE_INLINE_AVX2 __m256i four_codes(const ActivationBlock& x, int v) {
  std::int32_t four;
  std::memcpy(&four, x.codes + 4 * v, sizeof(four));
  return _mm256_set1_epi32(four);
}

// The integer sums of a block, one for each section. They start at -offset * (sum of activation codes). `bits`: as Dot
// has it.
template <class Dot, DType type, int bits = panel_traits<type>.number_bits>
struct BlockSums {
  static constexpr PanelTraits traits = panel_traits<type>;
  typename Dot::Sum of[sections<type>];

  LITESTAGE_INLINE_AVX2 explicit BlockSums(const ActivationBlock& x) {
    if constexpr (sections<type> == 1) of[0] = start(x.negative_sum);
    if constexpr (sections<type> == 2) {
      of[0] = start(x.negative_half(0));
      of[1] = start(x.negative_half(1));
    }
  }

  // Adds vectors v and v + 4.
  LITESTAGE_INLINE_AVX2 void add(int v, const typename Dot::template Codes<bits>& first,
                                 const typename Dot::template Codes<bits>& second, __m256i x_first, __m256i x_second) {
    constexpr int steps = 8 / sections<type>;
    constexpr bool one = sections<type> == 1;
    Dot::template add<bits, steps>(of[0], first, x_first, one ? 2 * v : v);
    Dot::template add<bits, steps>(of[one ? 0 : 1], second, x_second, one ? 2 * v + 1 : v);
  }

  // result + scale * sum [+ or - min * (sum of activations)]
  [[nodiscard]] LITESTAGE_INLINE_AVX2 __m256 add_to(__m256 result, const Factors& f, const ActivationBlock& x) const {
    const __m256 x_scale = _mm256_set1_ps(x.scale);
    LITESTAGE_CPU_UNROLL
    for (int s = 0; s < sections<type>; ++s) {
      result = _mm256_fmadd_ps(_mm256_mul_ps(f.scale[s], x_scale), _mm256_cvtepi32_ps(of[s].total), result);
    }
    if constexpr (traits.has_min) {
      LITESTAGE_CPU_UNROLL
      for (int s = 0; s < sections<type>; ++s) {
        const __m256 x_sum = _mm256_set1_ps(sections<type> == 1 ? x.scaled_sum : x.scaled_half(s));
        result =
            traits.super_blocks ? _mm256_fnmadd_ps(f.min[s], x_sum, result) : _mm256_fmadd_ps(f.min[s], x_sum, result);
      }
    }
    return result;
  }

 private:
  [[nodiscard]] LITESTAGE_INLINE_AVX2 static typename Dot::Sum start(std::int32_t negative_sum) {
    constexpr bool zero = traits.offset_shift < 0 || Dot::template subtracts_offset<bits>;
    if constexpr (zero) return Dot::start(_mm256_setzero_si256());
    return Dot::start(_mm256_slli_epi32(_mm256_set1_epi32(negative_sum), traits.offset_shift & 31));
  }
};

// ---- one input: both halves of a block side by side, so that they share the loads of the activations

// The numbers of large tables keep their signs if Dot takes them so.
template <class Dot, DType type>
inline constexpr int bits_of_one =
    Dot::takes_signed_numbers&& panel_traits<type>.has_table&& panel_traits<type>.number_bits == 8
        ? 7
        : panel_traits<type>.number_bits;

template <class Dot, DType type, int v>
LITESTAGE_INLINE_AVX2 void add_pair(BlockSums<Dot, type, bits_of_one<Dot, type>> (&sums)[2], const std::byte* codes,
                                    const ActivationBlock& x) {
  constexpr int bits = bits_of_one<Dot, type>;
  const __m256i x_first = four_codes(x, v), x_second = four_codes(x, v + 4);
  LITESTAGE_CPU_UNROLL
  for (int half = 0; half < 2; ++half) {
    const VectorPair w = load_pair<type, v, bits == 7>(codes, half);
    sums[half].add(v, Dot::template codes<bits>(w.first), Dot::template codes<bits>(w.second), x_first, x_second);
  }
}

template <class Dot, DType type>
LITESTAGE_INLINE_AVX2 void one_input(const PanelJob& job, std::size_t token, __m256 (&results)[2]) {
  constexpr PanelTraits traits = panel_traits<type>;
  const std::size_t groups = job.inputs->columns() / traits.group_columns();
  const ActivationBlock* x = job.inputs->blocks(token);
  const std::byte* group = job.panel;
  for (std::size_t g = 0; g < groups; ++g, group += traits.group_bytes()) {
    for (std::size_t b = 0; b < traits.group_blocks(); ++b, ++x) {
      const std::byte* codes = group + traits.codes_at() + b * traits.code_bytes();
      read_ahead_part<type>(job.read_ahead, group, b);
      using Sums = BlockSums<Dot, type, bits_of_one<Dot, type>>;
      Sums sums[2] = {Sums(*x), Sums(*x)};
      add_pair<Dot, type, 0>(sums, codes, *x);
      add_pair<Dot, type, 1>(sums, codes, *x);
      add_pair<Dot, type, 2>(sums, codes, *x);
      add_pair<Dot, type, 3>(sums, codes, *x);
      LITESTAGE_CPU_UNROLL
      for (int half = 0; half < 2; ++half) {
        results[half] = sums[half].add_to(results[half], load_factors<type>(group, b, half), *x);
      }
    }
  }
}

// ---- many inputs
//
// The codes of half a block are unpacked into 8 registers (twice as many vectors if the codes have 8 bits, of which the
// compiler keeps some in memory), and all inputs pass by. With 4 bits the loop has 32 instructions for 8 rows, 32
// columns and one input, 20 of them vector arithmetic: 8 multiply (vpmaddubsw), 7 add, and 5 apply the scales. It
// reaches half of the peak, two vpmaddubsw a cycle (Zen 3).
// Without gain: tiles of 4 inputs and 16 rows, which share loads (in assembly, with all operands in the level-1 cache,
// such a tile reaches 0.57 to 0.70 of the peak, and 0.85 to 0.95 if it does not apply the scales; compiled and with the
// activations where they are, 0.9 to 1.1 of the speed of this loop); shuffles in place of broadcast loads; keeping the
// three constants that GCC spills in registers.

template <class Dot, DType type>
LITESTAGE_INLINE_AVX2 void half_block(float* results, const std::byte* group, std::size_t b, int half,
                                      const ActivationBlock* x, std::size_t stride, std::size_t n) {
  constexpr PanelTraits traits = panel_traits<type>;
  constexpr int bits = traits.number_bits;
  const std::byte* codes = group + traits.codes_at() + b * traits.code_bytes();
  const VectorPair unpacked[4] = {load_pair<type, 0>(codes, half), load_pair<type, 1>(codes, half),
                                  load_pair<type, 2>(codes, half), load_pair<type, 3>(codes, half)};
  typename Dot::template Codes<bits> first[4], second[4];
  LITESTAGE_CPU_UNROLL
  for (int v = 0; v < 4; ++v) {
    first[v] = Dot::template codes<bits>(unpacked[v].first);
    second[v] = Dot::template codes<bits>(unpacked[v].second);
  }
  const Factors factors = load_factors<type>(group, b, half);
  for (std::size_t t = 0; t < n; ++t, x += stride, results += panel_rows) {
    BlockSums<Dot, type> sums(*x);
    LITESTAGE_CPU_UNROLL
    for (int v = 0; v < 4; ++v) sums.add(v, first[v], second[v], four_codes(*x, v), four_codes(*x, v + 4));
    _mm256_store_ps(results, sums.add_to(_mm256_load_ps(results), factors, *x));
  }
}

// results [n, 16]
template <class Dot, DType type>
LITESTAGE_INLINE_AVX2 void many_inputs(const PanelJob& job, std::size_t token, std::size_t n, float* results) {
  constexpr PanelTraits traits = panel_traits<type>;
  const std::size_t groups = job.inputs->columns() / traits.group_columns();
  const std::size_t stride = job.inputs->blocks_per_row();
  const ActivationBlock* x = job.inputs->blocks(token);
  const std::byte* group = job.panel;
  for (std::size_t g = 0; g < groups; ++g, group += traits.group_bytes()) {
    for (std::size_t b = 0; b < traits.group_blocks(); ++b, ++x) {
      read_ahead_part<type>(job.read_ahead, group, b);
      half_block<Dot, type>(results, group, b, 0, x, stride, n);
      half_block<Dot, type>(results + 8, group, b, 1, x, stride, n);
    }
  }
}

// ---- weights that are floats

// Adds one column for all 16 rows: acc += w x.
template <DType type, int n>
LITESTAGE_INLINE_AVX2 void add_column(const std::byte* panel, std::size_t k, const float* x, std::size_t stride,
                                      __m256 (&low)[n], __m256 (&high)[n]) {
  const __m256 w0 = load_column<type>(panel, k, 0), w1 = load_column<type>(panel, k, 1);
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    const __m256 xt = _mm256_set1_ps(x[t * stride + k]);
    low[t] = _mm256_fmadd_ps(w0, xt, low[t]);
    high[t] = _mm256_fmadd_ps(w1, xt, high[t]);
  }
}

// Even and odd columns are two independent sums, added at the end.
template <DType type, int n>
LITESTAGE_INLINE_AVX2 void float_tile(const PanelJob& job, std::size_t token, __m256 (&low)[n], __m256 (&high)[n]) {
  const std::size_t columns = job.inputs->columns(), stride = job.inputs->float_stride();
  constexpr std::size_t column_bytes = panel_rows * info(type).block_bytes;
  const float* x = job.inputs->floats(token);
  __m256 odd_low[n], odd_high[n];
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) odd_low[t] = odd_high[t] = _mm256_setzero_ps();
  std::size_t k = 0;
  for (; k + 2 <= columns; k += 2) {
    // F32 does not read ahead: with one input that is slower (8.0 against 9.8 Gflop/s), with two about the same.
    if constexpr (type != DType::f32) read_ahead<2 * column_bytes>(job.read_ahead, job.panel + k * column_bytes);
    add_column<type, n>(job.panel, k, x, stride, low, high);
    add_column<type, n>(job.panel, k + 1, x, stride, odd_low, odd_high);
  }
  if (k < columns) add_column<type, n>(job.panel, k, x, stride, low, high);
  LITESTAGE_CPU_UNROLL
  for (int t = 0; t < n; ++t) {
    low[t] = _mm256_add_ps(low[t], odd_low[t]);
    high[t] = _mm256_add_ps(high[t], odd_high[t]);
  }
}

}  // namespace avx2

// The kernels of AVX2, and with another Dot those of AVX-VNNI.
template <class Dot = Avx2Dot>
struct Avx2Panels {
  template <DType type>
  static void run(const PanelJob& job) {
    if constexpr (is_float(type)) {
      run_tiles<Avx2Panels, type>(job);
    } else {
      std::size_t t = job.tokens.first;
      for (std::size_t left = job.tokens.last - t; left > 1; left = job.tokens.last - t) {
        const std::size_t n = left < largest_n ? left : largest_n;
        many<type>(job, t, n);
        t += n;
      }
      if (t < job.tokens.last) one<type>(job, t);
    }
  }

  static constexpr int largest_tile = 4;
  template <DType type, int n>
  LITESTAGE_TARGET_AVX2 static void tile(const PanelJob& job, std::size_t token) {
    __m256 low[n], high[n];
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) low[t] = high[t] = _mm256_setzero_ps();
    avx2::float_tile<type, n>(job, token, low, high);
    alignas(32) float v[n][16];
    LITESTAGE_CPU_UNROLL
    for (int t = 0; t < n; ++t) {
      _mm256_store_ps(v[t], low[t]);
      _mm256_store_ps(v[t] + 8, high[t]);
    }
    store(job, token, n, v[0]);
  }

 private:
  // Inputs whose results are kept in the level-1 cache together.
  static constexpr std::size_t largest_n = 64;

  template <DType type>
  LITESTAGE_TARGET_AVX2 static void one(const PanelJob& job, std::size_t token) {
    __m256 results[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    avx2::one_input<Dot, type>(job, token, results);
    alignas(32) float v[16];
    _mm256_store_ps(v, results[0]);
    _mm256_store_ps(v + 8, results[1]);
    store(job, token, 1, v);
  }
  template <DType type>
  LITESTAGE_TARGET_AVX2 static void many(const PanelJob& job, std::size_t token, std::size_t n) {
    alignas(32) float results[largest_n * panel_rows];
    std::memset(results, 0, n * panel_rows * sizeof(float));
    avx2::many_inputs<Dot, type>(job, token, n, results);
    store(job, token, n, results);
  }
  LITESTAGE_TARGET_AVX2 __attribute__((noinline)) static void store(const PanelJob& job, std::size_t token,
                                                                    std::size_t n, float* v) {
    store_rows(job, token, n, v);
  }
};

}  // namespace litestage::cpu
#endif
