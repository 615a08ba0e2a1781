// The keys and values of the `cpu` backend. Every (slot, layer, K/V head) has one stream of keys and one of values, so
// that attention reads memory linearly:
//   keys   [capacity / 16][head_dim][16]  tiles of 16 entries, component by component
//   values [capacity][width]              width: head_dim rounded up to 16; the rest stays zero
// Numbers are float or f16; capacity is rounded up to 16. Numbers beyond the entries in use are read but do not affect
// results.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/cpu/rows/tiles.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/core/numeric.hpp"
#include "litestage/core/tensor.hpp"

namespace litestage::cpu {

class KvStorage {
 public:
  KvStorage() = default;
  explicit KvStorage(const CacheShape& shape)
      : shape_(shape),
        capacity_(round_up(shape.capacity, tile_entries)),
        width_(round_up(shape.head_dim, tile_entries)),
        keys_(streams() * capacity_ * shape.head_dim * number_bytes()),
        values_(streams() * capacity_ * width_ * number_bytes()) {}

  [[nodiscard]] const CacheShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t bytes() const { return keys_.size() + values_.size(); }

  // The streams of one (slot, layer, head). T is f16 or float, the type of shape().type.
  template <class T>
  [[nodiscard]] const T* keys(int slot, int layer, std::size_t head) const {
    return reinterpret_cast<const T*>(keys_.data()) + stream(slot, layer, head) * capacity_ * shape_.head_dim;
  }
  template <class T>
  [[nodiscard]] const T* values(int slot, int layer, std::size_t head) const {
    return reinterpret_cast<const T*>(values_.data()) + stream(slot, layer, head) * capacity_ * width_;
  }

  // Rounds key and value [head_dim] to the cache's type and stores them; numbers that do not fit become NaN.
  template <class Kernels>
  void store(int slot, int layer, std::size_t head, int entry, const float* key, const float* value) {
    if (shape_.type == KvType::f16)
      store_as<Kernels, f16>(slot, layer, head, entry, key, value);
    else
      store_as<Kernels, float>(slot, layer, head, entry, key, value);
  }

  // Whether a key or value of the first n entries of (slot, layer) was too large for f16: core/kv_number.hpp.
  [[nodiscard]] bool too_large(int slot, int layer, std::size_t n) const {
    const std::size_t dim = shape_.head_dim;
    for (std::size_t h = 0; shape_.type == KvType::f16 && h < shape_.kv_heads; ++h) {
      for (std::size_t e = 0; e < n; ++e) {
        const f16* key = keys<f16>(slot, layer, h) + e / tile_entries * tile_entries * dim + e % tile_entries;
        const f16* value = values<f16>(slot, layer, h) + e * width_;
        for (std::size_t d = 0; d < dim; ++d) {
          if (key[d * tile_entries].bits == kv_too_large || value[d].bits == kv_too_large) return true;
        }
      }
    }
    return false;
  }

  // Copies entries of one head.
  void copy(const EntryCopy& c, std::size_t head) {
    if (shape_.type == KvType::f16)
      copy_as<f16>(c, head);
    else
      copy_as<float>(c, head);
  }

 private:
  [[nodiscard]] std::size_t streams() const { return shape_.slots * shape_.layers * shape_.kv_heads; }
  [[nodiscard]] std::size_t number_bytes() const { return shape_.type == KvType::f16 ? sizeof(f16) : sizeof(float); }
  [[nodiscard]] std::size_t stream(int slot, int layer, std::size_t head) const {
    return (static_cast<std::size_t>(slot) * shape_.layers + static_cast<std::size_t>(layer)) * shape_.kv_heads + head;
  }
  template <class T>
  [[nodiscard]] T* mutable_keys(int slot, int layer, std::size_t head) {
    return const_cast<T*>(static_cast<const KvStorage&>(*this).keys<T>(slot, layer, head));
  }
  template <class T>
  [[nodiscard]] T* mutable_values(int slot, int layer, std::size_t head) {
    return const_cast<T*>(static_cast<const KvStorage&>(*this).values<T>(slot, layer, head));
  }

  [[nodiscard]] static f16 stored(float x, f16) {
    return {stored_half(std::bit_cast<std::uint32_t>(x), to_f16(x).bits)};
  }
  [[nodiscard]] static float stored(float x, float) {
    return std::bit_cast<float>(stored_single(std::bit_cast<std::uint32_t>(x)));
  }
  template <class Kernels, class T>
  static void round_to(T* out, const float* x, std::size_t n) {
    constexpr bool half = std::is_same_v<T, f16>;
    if (Kernels::largest_magnitude(x, n) >= (half ? too_large_for_f16 : too_large_for_f32)) {
      for (std::size_t i = 0; i < n; ++i) out[i] = stored(x[i], T{});
    } else if constexpr (half) {
      Kernels::to_half(out, x, n);
    } else {
      std::copy_n(x, n, out);
    }
  }
  template <class Kernels, class T>
  void store_as(int slot, int layer, std::size_t head, int entry, const float* key, const float* value) {
    const std::size_t e = static_cast<std::size_t>(entry), dim = shape_.head_dim;
    round_to<Kernels>(mutable_values<T>(slot, layer, head) + e * width_, value, dim);
    T* column =
        // The components of a key [dim] are 16 numbers apart.
        mutable_keys<T>(slot, layer, head) + e / tile_entries * tile_entries * dim + e % tile_entries;
    std::array<T, 128> rounded;
    for (std::size_t d = 0; d < dim; d += rounded.size()) {
      const std::size_t n = std::min(rounded.size(), dim - d);
      round_to<Kernels>(rounded.data(), key + d, n);
      for (std::size_t i = 0; i < n; ++i) column[(d + i) * tile_entries] = rounded[i];
    }
  }

  template <class T>
  void copy_as(const EntryCopy& c, std::size_t head) {
    const T* from_values = values<T>(c.from_slot, c.from_layer, head) + static_cast<std::size_t>(c.from_entry) * width_;
    T* to_values = mutable_values<T>(c.to_slot, c.to_layer, head) + static_cast<std::size_t>(c.to_entry) * width_;
    std::memcpy(to_values, from_values, static_cast<std::size_t>(c.count) * width_ * sizeof(T));

    const T* from_keys = keys<T>(c.from_slot, c.from_layer, head);
    T* to_keys = mutable_keys<T>(c.to_slot, c.to_layer, head);
    const std::size_t count = static_cast<std::size_t>(c.count), tile = shape_.head_dim * tile_entries;
    for (std::size_t done = 0; done < count;) {
      const std::size_t from = static_cast<std::size_t>(c.from_entry) + done, at = from % tile_entries;
      const std::size_t to = static_cast<std::size_t>(c.to_entry) + done, into = to % tile_entries;
      // The longest run for which source and target stay in their tiles.
      const std::size_t run = std::min(count - done, tile_entries - std::max(at, into));
      for (std::size_t d = 0; d < shape_.head_dim; ++d) {
        std::copy_n(from_keys + from / tile_entries * tile + d * tile_entries + at, run,
                    to_keys + to / tile_entries * tile + d * tile_entries + into);
      }
      done += run;
    }
  }

  CacheShape shape_;
  std::size_t capacity_ = 0, width_ = 0;
  Buffer<std::byte> keys_, values_;
};

}  // namespace litestage::cpu
