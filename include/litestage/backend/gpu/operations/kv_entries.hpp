// Copies of K/V entries, and the search for numbers that were too large for the cache's type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "litestage/backend/gpu/memory/kv_memory.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/kernels/rows/rows.cuh"

namespace litestage::gpu {

template <Runtime R>
class KvEntries {
 public:
  explicit KvEntries(Device<R>& device) : device_(&device), copies_(device) {}

  // Backend::copy_entries (backend/concept.hpp).
  void copy(KvMemory<R>& memory, std::span<const EntryCopy> copies) {
    static_assert(sizeof(EntryCopy) == kernels::ints_of_copy * sizeof(int));
    int* on_device = copies_.grow(copies.size() * kernels::ints_of_copy);
    device_->runtime().copy_to_device(on_device, copies.data(), copies.size_bytes());
    with_typed_cache(memory, [&]<class T>(const kernels::Cache<T>& cache) {
      using Copy = kernels::CopyEntries<T>;
      typename Copy::Params p;
      p.cache = cache;
      p.copies = on_device;
      p.n = static_cast<unsigned>(copies.size());
      device_->template launch<Copy>(Copy::grid(p), p);
    });
  }

  // Backend::kv_overflowed (backend/concept.hpp). Reads one head at a time, because its entries lie in one piece.
  [[nodiscard]] bool overflowed(const KvMemory<R>& memory, int slot, int layer, std::size_t n) {
    if (memory.shape.type != KvType::f16 || n == 0) return false;
    std::vector<std::uint16_t> numbers(n * memory.shape.head_dim);
    bool found = false;
    with_typed_cache(memory, [&]<class T>(const kernels::Cache<T>& cache) {
      for (unsigned head = 0; head < cache.kv_heads; ++head) {
        for (const T* values : {cache.k, cache.v}) {
          const std::size_t first = cache.at(static_cast<unsigned>(slot), static_cast<unsigned>(layer), head, 0);
          device_->runtime().copy_to_host(numbers.data(), values + first, numbers.size() * sizeof(std::uint16_t));
          found = found || std::find(numbers.begin(), numbers.end(), kv_too_large) != numbers.end();
        }
      }
    });
    return found;
  }

 private:
  Device<R>* device_;
  Scratch<R, int> copies_;  // [copies, kernels::ints_of_copy]
};

}  // namespace litestage::gpu
