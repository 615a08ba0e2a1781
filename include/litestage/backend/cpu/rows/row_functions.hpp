// The row functions of the `cpu` backend, as one table per instruction set, so that operations are compiled once
// instead of once per set. A call through the table costs no more than a direct call, since a function of a wider
// instruction set is not inlined into one of a narrower set anyway.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/cpu/instruction_set.hpp"
#include "litestage/backend/cpu/kv_storage.hpp"
#include "litestage/backend/cpu/rows/attention.hpp"
#include "litestage/backend/cpu/rows/gate.hpp"
#include "litestage/backend/cpu/rows/norm.hpp"
#include "litestage/backend/cpu/rows/rope.hpp"
#include "litestage/backend/cpu/rows/row_kernels_avx2.hpp"
#include "litestage/backend/cpu/rows/row_kernels_avx512.hpp"
#include "litestage/backend/cpu/rows/row_kernels_portable.hpp"
#include "litestage/backend/cpu/rows/token_stats.hpp"

namespace litestage::cpu {

// Attention over keys and values of one type.
template <class T>
struct AttentionFunctions {
  void (*row)(float*, const HeadGroup&, const float*, const KvStream<T>&, Range, float*) = nullptr;
  void (*block)(const Partial&, const HeadGroup&, const float*, const KvStream<T>&, Range, float*) = nullptr;
};

struct RowFunctions {
  void (*scale)(float*, const float*, float, std::size_t) = nullptr;
  void (*add_scaled)(float*, const float*, float, std::size_t) = nullptr;
  Moments<double> (*add_scaled_measured)(float*, const float*, float, std::size_t) = nullptr;
  void (*rms_norm)(float*, const float*, const float*, float, std::size_t) = nullptr;
  void (*rotate_head)(float*, const float*, const float*, std::size_t, bool) = nullptr;
  void (*apply_gate)(Activation, float*, const float*, std::size_t) = nullptr;
  void (*store_entry)(KvStorage&, int, int, std::size_t, int, const float*, const float*) = nullptr;
  AttentionFunctions<f16> attend_f16 = {};
  AttentionFunctions<float> attend_f32 = {};
  AttentionFunctions<Q8> attend_q8 = {};
  void (*merge)(const Partial&, const Partial&, const HeadGroup&) = nullptr;
  void (*finish)(float*, const Partial&, const HeadGroup&) = nullptr;
  void (*measure_max)(LogitChunk&, const float*, std::size_t, std::size_t) = nullptr;
  void (*measure_sums)(LogitChunk&, const float*, std::size_t, std::size_t, float) = nullptr;
  TokenStats (*summarize)(const LogitChunk*, const float*, std::size_t, Signal) = nullptr;
};

template <class Kernels>
void store_entry(KvStorage& cache, int slot, int layer, std::size_t head, int entry, const float* key,
                 const float* value) {
  cache.store<Kernels>(slot, layer, head, entry, key, value);
}

template <class Kernels>
[[nodiscard]] RowFunctions make_row_functions() {
  RowFunctions f;
  f.scale = &Kernels::scale;
  f.add_scaled = &Kernels::add_scaled;
  f.add_scaled_measured = &Kernels::add_scaled_measured;
  f.rms_norm = &rms_norm<Kernels>;
  f.rotate_head = &rotate_head<Kernels>;
  f.apply_gate = &apply_gate<Kernels>;
  f.store_entry = &store_entry<Kernels>;
  f.attend_f16 = {&attend_row<Kernels, f16>, &attend_block<Kernels, f16>};
  f.attend_f32 = {&attend_row<Kernels, float>, &attend_block<Kernels, float>};
  f.attend_q8 = {&attend_row<Kernels, Q8>, &attend_block<Kernels, Q8>};
  f.merge = &merge<Kernels>;
  f.finish = &finish<Kernels>;
  f.measure_max = &measure_max<Kernels>;
  f.measure_sums = &measure_sums<Kernels>;
  f.summarize = &summarize<Kernels>;
  return f;
}

[[nodiscard]] inline RowFunctions row_functions(InstructionSet set) {
#if defined(__x86_64__)
  if (set == InstructionSet::avx512) return make_row_functions<Avx512>();
  if (set == InstructionSet::avx2 || set == InstructionSet::avxvnni) return make_row_functions<Avx2>();
#endif
  static_cast<void>(set);
  return make_row_functions<Portable>();
}

}  // namespace litestage::cpu
