// Keys and values in device memory: [slots][layers][kv_heads][capacity][head_dim], f16 or f32, so that the entries of
// one head are contiguous.
//
// Entries are read in vectors of 16 bytes: kernels rely on a head_dim that is a multiple of 8 and at most
// `largest_head_dim`. The host refuses other models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "litestage/core/kv_number.hpp"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

inline constexpr unsigned largest_head_dim = 256;

// T is float, or std::uint16_t with the bits of a half.
template <class T>
struct Cache {
  T* k = nullptr;
  T* v = nullptr;
  unsigned layers = 0, kv_heads = 0, capacity = 0, head_dim = 0;

  // Pointer to the first number of entry `entry` of a head.
  LITESTAGE_HOST_DEVICE std::size_t at(unsigned slot, unsigned layer, unsigned head, unsigned entry) const {
    return (((static_cast<std::size_t>(slot) * layers + layer) * kv_heads + head) * capacity + entry) * head_dim;
  }
  friend bool operator==(const Cache&, const Cache&) = default;
};

// Converts a number to the cache's type. A number that does not fit becomes NaN: core/kv_number.hpp.
template <class T>
LITESTAGE_DEVICE T to_stored(float value) {
  if constexpr (std::is_same_v<T, float>)
    return float_of_bits(stored_single(bits_of(value)));
  else
    return stored_half(bits_of(value), float_to_half(value));
}

// The count of numbers of type T in a vector of 16 bytes, and number e of a vector.
template <class T>
inline constexpr unsigned per_vector = 16 / sizeof(T);
template <class T>
LITESTAGE_DEVICE float stored_element(const Vector16& v, unsigned e) {
  if constexpr (std::is_same_v<T, float>)
    return float_of_bits(v.word[e]);
  else
    return half_to_float((v.word[e / 2] >> (16 * (e % 2))) & 0xffffu);
}

}  // namespace litestage::kernels
