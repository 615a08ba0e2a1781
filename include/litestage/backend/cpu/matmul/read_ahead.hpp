// Reading weights ahead of the multiplications that use them. What helps differs between makers of processors, so it is
// chosen at run time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/matmul/panel_format.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace litestage::cpu {

enum class ReadAhead : std::uint8_t {
  none,
  once,    // 2 KiB ahead with the hint that the bytes are used once (prefetchnta)
  level_2  // 8 KiB ahead into the cache of level 2 (prefetcht1)
};

// How the kernels of `set` read ahead on this processor: AMD's as `once`, but not at all with AVX-512, for which that
// was not measured; all others as `level_2`, which was measured on Intel's.
//
// clang-format off
// Thousands of millions of weights multiplied in a second on a Sapphire Rapids Xeon: one thread, 8960 x 1536 in huge
// pages, variants in turns, medians of three.
//
//   set, type, number of inputs | no read-ahead | once, 2 KiB | level 2, 2 KiB | 4 KiB | 8 KiB | 16 KiB | level 1, 8 KiB
//   avx512, Q4_K, 1             |          20.7 |        12.2 |           27.6 |  36.4 |  41.1 |   42.2 |           34.4
//   avx512, Q6_K, 1             |          15.1 |         8.7 |           18.2 |  23.3 |  28.4 |   27.2 |           21.6
//   avx512, Q4_K, 8             |          11.6 |        10.7 |           17.2 |  20.0 |  21.0 |   19.9 |           19.8
//   avx2, Q4_K, 1               |          19.6 |        12.1 |           25.6 |  34.1 |  38.2 |   38.5 |           33.3
//   avx2, Q6_K, 1               |          15.8 |         8.5 |           18.4 |  21.7 |  24.6 |   23.9 |           20.7
//   avx2, Q4_K, 8               |           9.3 |         8.7 |           11.7 |  11.8 |  11.6 |   11.9 |           11.7
//
// clang-format on
// There F16 and BF16 gain 1.1 to 1.6 times; F32 gains with AVX-512 and two or more inputs (1.1 to 1.6 times) and
// neither gains nor loses with one. With 128 inputs nothing changes.
//
// On Zen 3, one input of Q4_K (avx2) reads this share of the bandwidth of a plain read: 0.86 at level 1 with 1 KiB,
// 0.82 with 4 KiB, 0.95 with `once`, 0.86 with that but without the bytes of scales. There two inputs (1.5B, Q4_K) take
// 0.80 to 0.85 of the time that they take without reading ahead, and a prefill of 512 takes as long as with the hint
// for level 2.
[[nodiscard]] inline ReadAhead read_ahead_of(InstructionSet set) {
#if defined(__x86_64__)
  static const bool amd = __builtin_cpu_is("amd") != 0;
  if (set == InstructionSet::portable) return ReadAhead::none;
  if (!amd) return ReadAhead::level_2;
  return set == InstructionSet::avx512 ? ReadAhead::none : ReadAhead::once;
#else
  static_cast<void>(set);
  return ReadAhead::none;
#endif
}

#if defined(__x86_64__)
// Reads the `bytes` bytes ahead of p. Panels that were packed when the model was loaded follow each other in memory, so
// this may go beyond a panel's end; a prefetch of an address without memory does nothing.
template <std::size_t bytes>
LITESTAGE_ALWAYS_INLINE void read_ahead(ReadAhead how, const std::byte* p) {
  constexpr std::size_t far = 8192, near = 2048;
  if (how == ReadAhead::level_2) {
    for (std::size_t at = far; at < far + bytes; at += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(p + at), _MM_HINT_T1);
    }
  } else if (how == ReadAhead::once) {
    for (std::size_t at = near; at < near + bytes; at += 64) {
      _mm_prefetch(reinterpret_cast<const char*>(p + at), _MM_HINT_NTA);
    }
  }
}

// Block b of a group reads ahead an equal part of it.
template <DType type>
LITESTAGE_ALWAYS_INLINE void read_ahead_part(ReadAhead how, const std::byte* group, std::size_t b) {
  constexpr std::size_t part = panel_traits<type>.group_bytes() / panel_traits<type>.group_blocks();
  static_assert(part * panel_traits<type>.group_blocks() == panel_traits<type>.group_bytes());
  read_ahead<part>(how, group + b * part);
}
#endif

}  // namespace litestage::cpu
