// Loads and stores of four numbers of a row, the most that one instruction moves.
#pragma once

#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

struct Four {
  float value[4];
};

// Four numbers from `first` on, loaded as one vector.
template <unsigned n>
LITESTAGE_DEVICE Vector16 vector_of(const float (&numbers)[n], unsigned first = 0) {
  return {
      {bits_of(numbers[first]), bits_of(numbers[first + 1]), bits_of(numbers[first + 2]), bits_of(numbers[first + 3])}};
}

// Loads numbers 4 v to 4 v + 3 of the row of `columns` numbers at `from`; numbers past its end are zero. If columns is
// a multiple of 4 this is one load, and `from` must be aligned to 16 bytes.
template <class Load>
LITESTAGE_DEVICE Four four_by(const Load& load, const float* from, unsigned v, unsigned columns) {
  Four four{};
  if (columns % 4 == 0) {
    if (4 * v < columns) {
      const Vector16 bits = load(reinterpret_cast<const Vector16*>(from) + v);
      LITESTAGE_UNROLL
      for (unsigned j = 0; j < 4; ++j) four.value[j] = float_of_bits(bits.word[j]);
    }
  } else {
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < 4; ++j) {
      if (4 * v + j < columns) four.value[j] = load(from + 4 * v + j);
    }
  }
  return four;
}
template <class C>
LITESTAGE_DEVICE Four load_four(C& t, const float* from, unsigned v, unsigned columns) {
  return four_by([&](const auto* p) { return t.load(p); }, from, v, columns);
}
template <class C>
LITESTAGE_DEVICE Four load_four_fresh(C& t, const float* from, unsigned v, unsigned columns) {
  return four_by([&](const auto* p) { return t.load_fresh(p); }, from, v, columns);
}

// Stores numbers 4 v to 4 v + 3 of the row at `to`, except those past its end.
template <class C>
LITESTAGE_DEVICE void store_four(C& t, float* to, unsigned v, unsigned columns, const Four& four) {
  if (columns % 4 == 0) {
    if (4 * v >= columns) return;
    t.store(reinterpret_cast<Vector16*>(to) + v, vector_of(four.value));
  } else {
    LITESTAGE_UNROLL
    for (unsigned j = 0; j < 4; ++j) {
      if (4 * v + j < columns) t.store(to + 4 * v + j, four.value[j]);
    }
  }
}

}  // namespace litestage::kernels
