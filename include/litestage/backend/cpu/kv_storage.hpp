// The keys and values of the `cpu` backend. Every (slot, layer, K/V head) has one stream of keys and one of values, so
// that attention reads memory linearly:
//   keys   [capacity / 16][head_dim][16]  tiles of 16 entries, component by component
//   values [capacity][width]              width: head_dim rounded up to 16; the rest stays zero
// Numbers are float, f16, or codes of 8 bits (Q8_0); these have scales of f16, one for 32 components of an entry:
//   of keys   [capacity / 16][scales][16]
//   of values [capacity][scales]          scales: head_dim / 32, rounded up
// capacity is rounded up to 16. Numbers beyond the entries in use are read but do not affect results.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "litestage/backend/concept.hpp"
#include "litestage/backend/cpu/rows/kv_stream.hpp"
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
        scales_(shape.type == KvType::q8_0 ? kv_q8_scales(shape.head_dim) : 0),
        keys_(streams() * capacity_ * shape.head_dim * number_bytes()),
        values_(streams() * capacity_ * width_ * number_bytes()),
        key_scales_(streams() * capacity_ * scales_),
        value_scales_(streams() * capacity_ * scales_) {
    const float* offsets = shape.key_offset(0, 0);
    if (offsets == nullptr) return;
    rotated_offsets_.assign(offsets, offsets + shape.layers * shape.entry_size());
    for (std::size_t at = 0; at < rotated_offsets_.size(); at += shape.head_dim) {
      rotate_kv(&rotated_offsets_[at], shape.head_dim, kv_key_factor(shape.head_dim));
    }
  }

  [[nodiscard]] const CacheShape& shape() const { return shape_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] std::size_t bytes() const {
    return keys_.size() + values_.size() + (key_scales_.size() + value_scales_.size()) * sizeof(f16);
  }

  // The stream of one (slot, layer, head). T is f16, float or Q8, which shape().type says.
  template <class T>
  [[nodiscard]] KvStream<T> stream(int slot, int layer, std::size_t head) const {
    const std::size_t first = stream_index(slot, layer, head) * capacity_, dim = shape_.head_dim;
    if constexpr (std::is_same_v<T, Q8>) {
      const std::size_t scales = first * scales_;
      return {numbers<std::int8_t>(keys_) + first * dim,
              numbers<std::int8_t>(values_) + first * width_,
              key_scales_.data() + scales,
              value_scales_.data() + scales,
              dim,
              width_};
    } else {
      return {numbers<T>(keys_) + first * dim, numbers<T>(values_) + first * width_, dim, width_};
    }
  }

  // Rounds key and value [head_dim] to the cache's type and stores them; numbers that do not fit become NaN. For Q8_0
  // to_kv_key has been called on the key.
  template <class Kernels>
  void store(int slot, int layer, std::size_t head, int entry, const float* key, const float* value) {
    const Place at = place(slot, layer, head, entry);
    if (shape_.type == KvType::q8_0) return store_q8(at, key, value);
    if (shape_.type == KvType::f16) return store_as<Kernels, f16>(at, key, value);
    store_as<Kernels, float>(at, key, value);
  }

  // Whether a key or value of the first n entries of (slot, layer) was too large for the type: core/kv_number.hpp.
  [[nodiscard]] bool too_large(int slot, int layer, std::size_t n) const {
    const auto marked = [](f16 number) { return number.bits == kv_too_large; };
    const bool q8 = shape_.type == KvType::q8_0;
    const std::size_t rows = q8 ? scales_ : shape_.head_dim, width = q8 ? scales_ : width_;
    for (std::size_t h = 0; shape_.type != KvType::f32 && h < shape_.kv_heads; ++h) {
      const std::size_t first = stream_index(slot, layer, h) * capacity_;
      const f16* keys = (q8 ? key_scales_.data() : numbers<f16>(keys_)) + first * rows;
      const f16* values = (q8 ? value_scales_.data() : numbers<f16>(values_)) + first * width;
      for (std::size_t e = 0; e < n; ++e) {
        for (std::size_t r = 0; r < rows; ++r) {
          if (marked(keys[(e / tile_entries * rows + r) * tile_entries + e % tile_entries])) return true;
          if (marked(values[e * width + r])) return true;
        }
      }
    }
    return false;
  }

  // Copies entries of one head.
  void copy(const EntryCopy& c, std::size_t head) {
    const std::size_t bytes = number_bytes();
    copy_values(values_.data(), width_ * bytes, c, head);
    copy_values(reinterpret_cast<std::byte*>(value_scales_.data()), scales_ * sizeof(f16), c, head);
    if (c.from_layer != c.to_layer && !rotated_offsets_.empty()) return move_keys(c, head);
    copy_keys(keys_.data(), shape_.head_dim, bytes, c, head);
    if (scales_ != 0) copy_keys(reinterpret_cast<std::byte*>(key_scales_.data()), scales_, sizeof(f16), c, head);
  }

 private:
  [[nodiscard]] std::size_t streams() const { return shape_.slots * shape_.layers * shape_.kv_heads; }
  [[nodiscard]] std::size_t number_bytes() const {
    return shape_.type == KvType::q8_0 ? 1 : shape_.type == KvType::f16 ? sizeof(f16) : sizeof(float);
  }
  [[nodiscard]] std::size_t stream_index(int slot, int layer, std::size_t head) const {
    return (slot * shape_.layers + layer) * shape_.kv_heads + head;
  }
  template <class T>
  [[nodiscard]] static const T* numbers(const Buffer<std::byte>& buffer) {
    return reinterpret_cast<const T*>(buffer.data());
  }

  // Where an entry lies, counted in entries from the first stream: `entry`, which is number `column` of the tile that
  // begins at `tile`.
  struct Place {
    std::size_t entry, tile, column;
  };
  [[nodiscard]] Place place(int slot, int layer, std::size_t head, int entry) const {
    const std::size_t at = stream_index(slot, layer, head) * capacity_ + entry;
    return {at, at / tile_entries * tile_entries, at % tile_entries};
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
  void store_as(const Place& at, const float* key, const float* value) {
    const std::size_t dim = shape_.head_dim;
    round_to<Kernels>(reinterpret_cast<T*>(values_.data()) + at.entry * width_, value, dim);
    T* column = reinterpret_cast<T*>(keys_.data()) + at.tile * dim + at.column;  // its components are 16 numbers apart
    std::array<T, 128> rounded;
    for (std::size_t d = 0; d < dim; d += rounded.size()) {
      const std::size_t n = std::min(rounded.size(), dim - d);
      round_to<Kernels>(rounded.data(), key + d, n);
      for (std::size_t i = 0; i < n; ++i) column[(d + i) * tile_entries] = rounded[i];
    }
  }
  void store_q8(const Place& at, const float* key, const float* value) {
    const std::size_t dim = shape_.head_dim;
    auto* values = reinterpret_cast<std::int8_t*>(values_.data()) + at.entry * width_;
    for (std::size_t s = 0, d = 0; s < scales_; ++s, d += kv_q8_columns) {
      value_scales_[at.entry * scales_ + s] = to_kv_q8(value + d, std::min(kv_q8_columns, dim - d), values + d);
      store_block(key_block(at, s), key + d);
    }
  }

  // Block s of a key of Q8_0: n codes, which are 16 numbers apart.
  struct KeyBlock {
    std::int8_t* codes;
    f16* scale;
    std::size_t n;
  };
  [[nodiscard]] KeyBlock key_block(const Place& at, std::size_t s) {
    const std::size_t dim = shape_.head_dim, first = s * kv_q8_columns;
    auto* codes = reinterpret_cast<std::int8_t*>(keys_.data()) + at.tile * dim + first * tile_entries + at.column;
    return {codes, key_scales_.data() + at.tile * scales_ + s * tile_entries + at.column,
            std::min(kv_q8_columns, dim - first)};
  }
  static void store_block(const KeyBlock& to, const float* numbers) {
    std::array<std::int8_t, kv_q8_columns> codes;
    *to.scale = to_kv_q8(numbers, to.n, codes.data());
    for (std::size_t i = 0; i < to.n; ++i) to.codes[i * tile_entries] = codes[i];
  }

  [[nodiscard]] const float* rotated_offset(int layer, std::size_t head) const {
    return &rotated_offsets_[layer * shape_.entry_size() + head * shape_.head_dim];
  }

  // Copies keys of Q8_0 to another layer, and rounds them again without the offset of that layer.
  void move_keys(const EntryCopy& c, std::size_t head) {
    const float *old_offset = rotated_offset(c.from_layer, head), *new_offset = rotated_offset(c.to_layer, head);
    for (int e = 0; e < c.count; ++e) {
      const Place at = place(c.from_slot, c.from_layer, head, c.from_entry + e);
      const Place into = place(c.to_slot, c.to_layer, head, c.to_entry + e);
      for (std::size_t s = 0, d = 0; s < scales_; ++s, d += kv_q8_columns) {
        move_block(key_block(into, s), key_block(at, s), new_offset + d, old_offset + d);
      }
    }
  }
  static void move_block(const KeyBlock& to, const KeyBlock& from, const float* new_offset, const float* old_offset) {
    const float scale = to_float(*from.scale);
    std::array<float, kv_q8_columns> numbers;
    for (std::size_t i = 0; i < to.n; ++i) {
      numbers[i] = from.codes[i * tile_entries] * scale + (old_offset[i] - new_offset[i]);
    }
    store_block(to, numbers.data());
    if (std::isnan(scale)) *to.scale = *from.scale;  // keeps the cause: core/kv_number.hpp
  }

  // `rows` numbers of `bytes` each to an entry, in tiles.
  void copy_keys(std::byte* keys, std::size_t rows, std::size_t bytes, const EntryCopy& c, std::size_t head) const {
    const std::size_t count = c.count;
    const Place from = place(c.from_slot, c.from_layer, head, c.from_entry);
    const Place to = place(c.to_slot, c.to_layer, head, c.to_entry);
    for (std::size_t done = 0; done < count;) {
      const std::size_t at = (from.entry + done) % tile_entries, into = (to.entry + done) % tile_entries;
      // The longest run for which source and target stay in their tiles.
      const std::size_t run = std::min(count - done, tile_entries - std::max(at, into));
      const std::byte* source = keys + ((from.entry + done - at) * rows + at) * bytes;
      std::byte* target = keys + ((to.entry + done - into) * rows + into) * bytes;
      for (std::size_t r = 0; r < rows; ++r) {
        std::memcpy(target + r * tile_entries * bytes, source + r * tile_entries * bytes, run * bytes);
      }
      done += run;
    }
  }
  void copy_values(std::byte* values, std::size_t entry_bytes, const EntryCopy& c, std::size_t head) const {
    if (c.count == 0 || entry_bytes == 0) return;
    const Place from = place(c.from_slot, c.from_layer, head, c.from_entry);
    const Place to = place(c.to_slot, c.to_layer, head, c.to_entry);
    std::memcpy(values + to.entry * entry_bytes, values + from.entry * entry_bytes, c.count * entry_bytes);
  }

  CacheShape shape_;
  std::size_t capacity_ = 0, width_ = 0, scales_ = 0;
  Buffer<std::byte> keys_, values_;
  Buffer<f16> key_scales_, value_scales_;  // of Q8_0
  std::vector<float> rotated_offsets_;     // [layers, kv_heads * head_dim] what keys of Q8_0 lack, or empty
};

}  // namespace litestage::cpu
