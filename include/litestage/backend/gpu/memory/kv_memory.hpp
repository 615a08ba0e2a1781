// The K/V cache in device memory (kernels/attention/cache.cuh), and the shapes that the kernels of attention accept.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/gpu/memory/scratch.hpp"
#include "litestage/core/error.hpp"
#include "litestage/kernels/attention/attend.cuh"
#include "litestage/kernels/attention/cache.cuh"

namespace litestage::gpu {

template <Runtime R>
struct KvMemory {
  CacheShape shape;
  DeviceMemory<R, std::byte> k, v;  // [slots, layers, kv_heads, capacity, head_dim] each
};

// Throws Error if the kernels of attention do not support the shape.
template <Runtime R>
[[nodiscard]] KvMemory<R> make_kv_memory(Device<R>& device, const CacheShape& shape) {
  if (shape.type == KvType::q8_0) throw Error("the gpu backend stores K/V in f16 or f32, found q8_0");
  if (shape.head_dim % 8 != 0 || shape.head_dim > kernels::largest_head_dim) {
    throw Error(concat("the gpu backend needs a head dimension that is a multiple of 8 and at most ",
                       kernels::largest_head_dim, ", this model has ", shape.head_dim));
  }
  constexpr std::size_t most = kernels::Attend<float, 1>::most_entries;
  if (shape.capacity > most) {
    throw Error(concat("the gpu backend attends to at most ", most, " entries, but a slot of this cache holds ",
                       shape.capacity));
  }
  device.note_memory_change();
  const std::size_t bytes = shape.bytes() / 2;  // of the keys, and of the values
  return {shape, DeviceMemory<R, std::byte>(device.runtime(), bytes),
          DeviceMemory<R, std::byte>(device.runtime(), bytes)};
}

// Calls f(kernels::Cache<T>) with the T that the cache stores: float, or std::uint16_t for halves.
template <Runtime R, class F>
void with_typed_cache(const KvMemory<R>& memory, const F& f) {
  const auto as = [&]<class T>(T*) {
    kernels::Cache<T> typed;
    // const_cast: kernels that only read take the same struct as the kernel that writes.
    typed.k = reinterpret_cast<T*>(const_cast<std::byte*>(memory.k.data()));
    typed.v = reinterpret_cast<T*>(const_cast<std::byte*>(memory.v.data()));
    typed.layers = static_cast<unsigned>(memory.shape.layers);
    typed.kv_heads = static_cast<unsigned>(memory.shape.kv_heads);
    typed.capacity = static_cast<unsigned>(memory.shape.capacity);
    typed.head_dim = static_cast<unsigned>(memory.shape.head_dim);
    f(typed);
  };
  if (memory.shape.type == KvType::f16)
    as(static_cast<std::uint16_t*>(nullptr));
  else
    as(static_cast<float*>(nullptr));
}

}  // namespace litestage::gpu
