// What the K/V cache stores in place of a number that does not fit its type: NaN, on every backend. A row that attends
// to such an entry then is NaN too, down to its logits, whereas an infinite key may end in a weight of zero, and in
// logits that look whole. Two NaNs tell why: the engine looks for `kv_too_large` to name the remedy.
#pragma once

#include <cstdint>

#include "litestage/core/host_device.hpp"

namespace litestage {

// Bits of the smallest magnitudes that do not fit: 65520 rounds to infinity in F16, and infinity itself.
inline constexpr std::uint32_t too_large_for_f16 = 0x477ff000u, too_large_for_f32 = 0x7f800000u;

// Stored halves: of a number that was not finite before it was rounded, and of one that was.
inline constexpr std::uint16_t kv_not_finite = 0x7e00u, kv_too_large = 0x7e01u;

// What is stored of the float with these bits, which `rounded` is as a half.
LITESTAGE_HOST_DEVICE constexpr std::uint16_t stored_half(std::uint32_t bits, std::uint16_t rounded) {
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude < too_large_for_f16) return rounded;
  return magnitude < too_large_for_f32 ? kv_too_large : kv_not_finite;
}

// Bits of what is stored of it as a float.
LITESTAGE_HOST_DEVICE constexpr std::uint32_t stored_single(std::uint32_t bits) {
  return (bits & 0x7fffffffu) < too_large_for_f32 ? bits : 0x7fc00000u;
}

}  // namespace litestage
