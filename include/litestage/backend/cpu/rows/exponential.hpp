// exp(x) in float, to 1 ulp (tests/backend/cpu/rows/exponential.cpp measures 0.94 over all arguments): the constants
// and the scalar form. row_kernels_avx2.hpp and row_kernels_avx512.hpp have vector forms with the same steps.
//
// x = n ln2 + r with |r| <= ln2/2;  exp(x) = 2^n (1 + r + r^2 q(r)).  exp(-inf) = 0, exp(NaN) = NaN, exp(0) = 1
// exactly.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>

namespace litestage::cpu {

struct ExpConstants {
  static constexpr float log2_e = 0x1.715476p0f;
  static constexpr float ln2_high = 0x1.62e43p-1f, ln2_low = -0x1.05c61p-29f;
  // Beyond these bounds the result is infinity or zero (the smallest subnormal is 2^-149); n stays within -151..129.
  static constexpr float highest = 89.0f, lowest = -104.5f;
  // q is our own minimax fit: the relative error of the whole is 2^-27.9 on [-ln2/2, ln2/2].
  static constexpr float q0 = 0x1.fffffcp-2f, q1 = 0x1.555492p-3f, q2 = 0x1.5558f2p-5f, q3 = 0x1.1239e2p-7f,
                         q4 = 0x1.6a2434p-10f;
};

// 2^n for -126 <= n <= 127.
[[nodiscard]] inline float power_of_two(int n) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
}

[[nodiscard]] inline float exp_scalar(float x) {
  using C = ExpConstants;
  if (x != x) return x;
  x = x < C::lowest ? C::lowest : (x > C::highest ? C::highest : x);
  const float n = std::nearbyint(x * C::log2_e);
  const float r = std::fma(-n, C::ln2_low, std::fma(-n, C::ln2_high, x));
  float q = C::q4;
  for (const float c : {C::q3, C::q2, C::q1, C::q0}) q = std::fma(q, r, c);
  const float p = 1.0f + std::fma(r * r, q, r);
  // 2^n is split into two factors, because it may be out of range if the result is subnormal or overflows.
  const int whole = static_cast<int>(n), half = whole >> 1;
  return p * power_of_two(half) * power_of_two(whole - half);
}

}  // namespace litestage::cpu
