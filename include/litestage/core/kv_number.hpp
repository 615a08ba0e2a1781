// The K/V cache stores NaN for a number that does not fit its type, on every backend. A row that attends to such an
// entry is then NaN down to its logits, whereas an infinite key may get an attention weight of zero and leave logits
// that look valid. Two NaN values distinguish the causes: if the engine finds `kv_too_large`, its error names the
// remedy.
#pragma once

#include <cstdint>

#include "litestage/core/host_device.hpp"

namespace litestage {

// Bits of the smallest magnitudes that do not fit: 65520, which rounds to infinity in F16; infinity for F32.
inline constexpr std::uint32_t too_large_for_f16 = 0x477ff000u, too_large_for_f32 = 0x7f800000u;

// The stored halves: for a number that was not finite before rounding, and for a finite number that is too large.
inline constexpr std::uint16_t kv_not_finite = 0x7e00u, kv_too_large = 0x7e01u;

// The half that is stored for the float with these bits; `rounded` is that float rounded to half.
LITESTAGE_HOST_DEVICE constexpr std::uint16_t stored_half(std::uint32_t bits, std::uint16_t rounded) {
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude < too_large_for_f16) return rounded;
  return magnitude < too_large_for_f32 ? kv_too_large : kv_not_finite;
}

// The bits that are stored for the float with these bits when the cache holds floats.
LITESTAGE_HOST_DEVICE constexpr std::uint32_t stored_single(std::uint32_t bits) {
  return (bits & 0x7fffffffu) < too_large_for_f32 ? bits : 0x7fc00000u;
}

}  // namespace litestage
