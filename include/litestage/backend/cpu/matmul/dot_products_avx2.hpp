// Integer dot products in vectors of 256 bits, which the kernels of matmul_avx2.hpp are templates over: with AVX2's own
// instructions, or with the one of AVX-VNNI. Both give the same integers.
//
// One step multiplies a vector of weights' numbers, unsigned and of `bits` bits (8 rows, 4 columns each), with four
// activation codes, repeated in every lane, and adds each row's four products to that row's sum.
#pragma once

#include <cstdint>

#include "litestage/backend/cpu/instruction_set.hpp"

#if defined(__x86_64__)
#include <immintrin.h>

namespace litestage::cpu {

// _mm256_maddubs_epi16 adds two products of an unsigned and a signed byte in 16 bits. Such pairs are added in 16 bits
// as long as they cannot overflow: each is at most 2 * 127 * (2^bits - 1).
struct Avx2Dot {
  struct Sum {
    __m256i total, pairs;  // of 32 and of 16 bits
  };
  [[nodiscard]] LITESTAGE_INLINE_AVX2 static Sum start(__m256i total) { return {total, _mm256_setzero_si256()}; }

  // Codes of 8 bits are too large for that, so their offset of 128 is subtracted here, and they are split into
  // magnitude and sign; 2 * 128 * 127 fits into 16 bits once.
  //
  // Numbers from -127 to 127, called of 7 bits here, are taken as they are: the activation is split instead, which
  // takes fewer instructions where two vectors of weights share one of activations. Codes of 8 bits may be -128, whose
  // sign cannot be changed.
  template <int bits>
  static constexpr bool subtracts_offset = bits >= 7;
  static constexpr bool takes_signed_numbers = true;
  template <int bits>
  struct Codes {
    __m256i magnitude, sign;
  };
  template <int bits>
  [[nodiscard]] LITESTAGE_INLINE_AVX2 static Codes<bits> codes(__m256i unpacked) {
    if constexpr (bits != 8) return {unpacked, unpacked};
    const __m256i code = _mm256_xor_si256(unpacked, _mm256_set1_epi8(-128));
    return {_mm256_abs_epi8(code), code};
  }

  // Step number `step` of a sum of `steps` steps.
  template <int bits, int steps>
  LITESTAGE_INLINE_AVX2 static void add(Sum& sum, const Codes<bits>& w, __m256i x, int step) {
    constexpr int fit = bits <= 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1, run = fit < steps ? fit : steps;
    static_assert(bits >= 7 || run * 2 * 127 * ((1 << bits) - 1) <= 32767);
    __m256i magnitude = w.magnitude;
    if constexpr (bits == 7) {
      magnitude = _mm256_abs_epi8(x);
      x = _mm256_sign_epi8(w.sign, x);
    }
    if constexpr (bits == 8) x = _mm256_sign_epi8(x, w.sign);
    const __m256i products = _mm256_maddubs_epi16(magnitude, x);
    sum.pairs = step % run == 0 ? products : _mm256_add_epi16(sum.pairs, products);
    if (step % run != run - 1) return;
    sum.total = _mm256_add_epi32(sum.total, _mm256_madd_epi16(sum.pairs, _mm256_set1_epi16(1)));
  }
};

// The instruction VPDPBUSD of AVX-VNNI. It is written in assembly because a function whose target includes AVX-VNNI
// could not be inlined into the kernels, whose target is AVX2.
struct Vpdpbusd {
  LITESTAGE_INLINE_AVX2 static void add(__m256i& sum, __m256i unsigned_bytes, __m256i signed_bytes) {
    __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(unsigned_bytes), "x"(signed_bytes));
  }
};

// `Instruction` is Vpdpbusd; tests put an emulation in its place.
template <class Instruction>
struct VnniDot {
  struct Sum {
    __m256i total;
  };
  [[nodiscard]] LITESTAGE_INLINE_AVX2 static Sum start(__m256i total) { return {total}; }

  template <int bits>
  static constexpr bool subtracts_offset = false;
  static constexpr bool takes_signed_numbers = false;
  template <int bits>
  struct Codes {
    __m256i unpacked;
  };
  template <int bits>
  [[nodiscard]] LITESTAGE_INLINE_AVX2 static Codes<bits> codes(__m256i unpacked) {
    return {unpacked};
  }
  template <int bits, int steps>
  LITESTAGE_INLINE_AVX2 static void add(Sum& sum, const Codes<bits>& w, __m256i x, int) {
    Instruction::add(sum.total, w.unpacked, x);
  }
};

}  // namespace litestage::cpu
#endif
