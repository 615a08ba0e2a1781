// The instruction set of the kernels, chosen at run time from those of the CPU. Results record its name.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace litestage::cpu {

enum class InstructionSet : std::uint8_t {
  portable,  // plain C++
  avx2,      // AVX2, FMA, F16C
  avxvnni,   // these and AVX-VNNI; only matrix products use it, so all results have the bits of avx2
  avx512     // AVX-512 F, BW, VL, DQ, VNNI
};

}  // namespace litestage::cpu

template <>
struct litestage::EnumNames<litestage::cpu::InstructionSet> {
  static constexpr std::array<std::string_view, 4> names = {"portable", "avx2", "avxvnni", "avx512"};
};

namespace litestage::cpu {

inline constexpr InstructionSet instruction_sets[] = {InstructionSet::portable, InstructionSet::avx2,
                                                      InstructionSet::avxvnni, InstructionSet::avx512};

using litestage::name;

#if defined(__x86_64__)
namespace detail {
// Bit 4 of EAX in subleaf 1 of leaf 7 (Intel 64 manual, CPUID). clang 14 does not know the name "avxvnni".
[[nodiscard]] inline bool has_avx_vnni() {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax >> 4 & 1) != 0;
}
}  // namespace detail
#endif

// Whether this CPU (and the operating system) supports the kernels of `set`.
[[nodiscard]] inline bool supported(InstructionSet set) {
  if (set == InstructionSet::portable) return true;
#if defined(__x86_64__)
  // F16C is not checked, because clang 14 does not know its name here; every CPU with AVX2 has it.
  if (set == InstructionSet::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (set == InstructionSet::avxvnni) return detail::has_avx_vnni() && supported(InstructionSet::avx2);
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni") && supported(InstructionSet::avx2);
#else
  return false;
#endif
}

// The widest instruction set of this CPU.
[[nodiscard]] inline InstructionSet best_instruction_set() {
  if (supported(InstructionSet::avx512)) return InstructionSet::avx512;
  if (supported(InstructionSet::avxvnni)) return InstructionSet::avxvnni;
  if (supported(InstructionSet::avx2)) return InstructionSet::avx2;
  return InstructionSet::portable;
}

// The instruction set named `text`. Throws an Error if there is no such set or the CPU lacks it.
[[nodiscard]] inline InstructionSet instruction_set_from(std::string_view text) {
  const std::optional<InstructionSet> set = enumerator_named<InstructionSet>(text);
  if (!set) throw Error(concat("instruction set '", text, "' is unknown, expected portable, avx2, avxvnni or avx512"));
  if (supported(*set)) return *set;
  throw Error(
      concat("instruction set ", text, " is not supported by this CPU, which has ", name(best_instruction_set())));
}

// The instruction set named by the environment variable LITESTAGE_ISA, or else the best.
[[nodiscard]] inline InstructionSet choose_instruction_set() {
  const char* wish = std::getenv("LITESTAGE_ISA");
  if (wish == nullptr || *wish == '\0') return best_instruction_set();
  try {
    return instruction_set_from(wish);
  } catch (const Error& e) {
    throw Error(concat("LITESTAGE_ISA: ", e.what()));
  }
}

}  // namespace litestage::cpu

// Attributes for functions of one instruction set. Functions that they call are always_inline with the same target: a
// function with a wider target would otherwise be a call, and lambdas do not inherit the target.
#define LITESTAGE_ALWAYS_INLINE __attribute__((always_inline)) inline
#if defined(__x86_64__)
#define LITESTAGE_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define LITESTAGE_INLINE_AVX2 LITESTAGE_TARGET_AVX2 LITESTAGE_ALWAYS_INLINE
#define LITESTAGE_TARGET_AVX512 __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#define LITESTAGE_INLINE_AVX512 LITESTAGE_TARGET_AVX512 LITESTAGE_ALWAYS_INLINE
#endif

// Unrolls a loop with a small, constant number of iterations over an array of registers; without it -O2 keeps the array
// in memory.
#if defined(__clang__)
#define LITESTAGE_CPU_UNROLL _Pragma("unroll")
#else
#define LITESTAGE_CPU_UNROLL _Pragma("GCC unroll 16")
#endif
