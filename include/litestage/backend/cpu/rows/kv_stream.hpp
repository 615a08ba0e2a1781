// The keys and values of one (slot, layer, K/V head) as the kernels of attention read them: in rows of 16 numbers. A
// row is one component of 16 keys, or 16 components of one value; kv_storage.hpp has the layout.
#pragma once

#include <cstddef>
#include <cstdint>

#include "litestage/backend/cpu/rows/tiles.hpp"
#include "litestage/core/kv_number.hpp"
#include "litestage/core/numeric.hpp"

namespace litestage::cpu {

// Row r: the numbers x[r * stride ..].
template <class T>
struct Rows {
  const T* x = nullptr;
  std::size_t stride = 0;
};

// Row r: the codes[16 r ..], each times the scale of its own entry.
struct Q8KeyRows {
  const std::int8_t* codes = nullptr;
  const f16* scales = nullptr;  // [rows / 32, 16]

  [[nodiscard]] const std::int8_t* row(std::size_t r) const { return codes + r * tile_entries; }
  [[nodiscard]] const f16* scales_of(std::size_t r) const { return scales + r / kv_q8_columns * tile_entries; }
};

// Row r: the codes[r * stride ..], all times one scale.
struct Q8ValueRows {
  const std::int8_t* codes = nullptr;
  std::size_t stride = 0;
  const f16* scales = nullptr;
  std::size_t scale_stride = 0;

  [[nodiscard]] const std::int8_t* row(std::size_t r) const { return codes + r * stride; }
  [[nodiscard]] f16 scale_of(std::size_t r) const { return scales[r * scale_stride]; }
};

// T is float, f16 or Q8. dim: of a key; width: of a row of values.
template <class T>
struct KvStream {
  const T *keys = nullptr, *values = nullptr;
  std::size_t dim = 0, width = 0;

  // The components of entries 16 tile .. 16 tile + 15.
  [[nodiscard]] Rows<T> key_rows(std::size_t tile) const { return {keys + tile * dim * tile_entries, tile_entries}; }
  // Components d .. d + 15 of the entries from `first` on.
  [[nodiscard]] Rows<T> value_rows(std::size_t first, std::size_t d) const {
    return {values + first * width + d, width};
  }
};

// Numbers of 8 bits, as core/kv_number.hpp defines them.
struct Q8 {};
template <>
struct KvStream<Q8> {
  const std::int8_t *keys = nullptr, *values = nullptr;
  const f16 *key_scales = nullptr, *value_scales = nullptr;
  std::size_t dim = 0, width = 0;

  [[nodiscard]] std::size_t scales() const { return kv_q8_scales(dim); }  // of an entry
  [[nodiscard]] Q8KeyRows key_rows(std::size_t tile) const {
    return {keys + tile * dim * tile_entries, key_scales + tile * scales() * tile_entries};
  }
  [[nodiscard]] Q8ValueRows value_rows(std::size_t first, std::size_t d) const {
    return {values + first * width + d, width, value_scales + first * scales() + d / kv_q8_columns, scales()};
  }
};

}  // namespace litestage::cpu
