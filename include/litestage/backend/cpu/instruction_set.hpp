// Which kernels run: chosen once, at run time, from what the CPU has. Results record the name.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "litestage/core/enum_names.hpp"
#include "litestage/core/error.hpp"

namespace litestage::cpu {

enum class InstructionSet : std::uint8_t {
  portable,  // plain C++
  avx2,      // AVX2, FMA, F16C
  avx512     // AVX-512 F, BW, VL, DQ, VNNI
};

}  // namespace litestage::cpu

template <>
struct litestage::EnumNames<litestage::cpu::InstructionSet> {
  static constexpr std::array<std::string_view, 3> names = {"portable", "avx2", "avx512"};
};

namespace litestage::cpu {

inline constexpr InstructionSet instruction_sets[] = {InstructionSet::portable, InstructionSet::avx2,
                                                      InstructionSet::avx512};

using litestage::name;

// Whether this CPU (and operating system) can run the kernels of `set`.
[[nodiscard]] inline bool supported(InstructionSet set) {
  if (set == InstructionSet::portable) return true;
#if defined(__x86_64__)
  // F16C is not asked for by name, which clang 14 does not know here: every CPU with AVX2 has it.
  if (set == InstructionSet::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vnni") && supported(InstructionSet::avx2);
#else
  return false;
#endif
}

// The widest set this CPU has.
[[nodiscard]] inline InstructionSet best_instruction_set() {
  if (supported(InstructionSet::avx512)) return InstructionSet::avx512;
  if (supported(InstructionSet::avx2)) return InstructionSet::avx2;
  return InstructionSet::portable;
}

// The set called `text`. Throws Error if there is no such set or this CPU lacks it.
[[nodiscard]] inline InstructionSet instruction_set_from(std::string_view text) {
  const std::optional<InstructionSet> set = enumerator_named<InstructionSet>(text);
  if (!set) throw Error(concat("instruction set '", text, "' is unknown, expected portable, avx2 or avx512"));
  if (supported(*set)) return *set;
  throw Error(
      concat("instruction set ", text, " is not supported by this CPU, which has ", name(best_instruction_set())));
}

// The set that the environment variable LITESTAGE_ISA names, or else the best.
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

// Functions of one instruction set. Helpers that they call are always_inline with the same target, since a function of
// a wider target is otherwise a call; lambdas would not inherit the target.
#define LITESTAGE_ALWAYS_INLINE __attribute__((always_inline)) inline
#if defined(__x86_64__)
#define LITESTAGE_TARGET_AVX2 __attribute__((target("avx2,fma,f16c")))
#define LITESTAGE_TARGET_AVX512 __attribute__((target("avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))
#endif

// Before a loop of a constant, small number of turns over an array of registers: without it -O2 keeps the array in
// memory.
#if defined(__clang__)
#define LITESTAGE_CPU_UNROLL _Pragma("unroll")
#else
#define LITESTAGE_CPU_UNROLL _Pragma("GCC unroll 16")
#endif
