// Looks up codes of 4 bits in the table of their type, eight at a time and without reading memory: the 16 bytes of a
// table are four words that are constants, and one instruction chooses four of the eight bytes of two words.
#pragma once

#include <cstdint>

#include "litestage/core/dtype.hpp"
#include "litestage/kernels/scalar.cuh"
#include "litestage/kernels/simt.cuh"

namespace litestage::kernels {

// Numbers 4 i to 4 i + 3 of a table, one byte each. Device code calls it in constant expressions only: the table is in
// host memory.
constexpr std::uint32_t table_word(DType type, unsigned i) {
  std::uint32_t word = 0;
  for (unsigned j = 0; j < 4; ++j) {
    word |= (static_cast<std::uint32_t>(info(type).coding.numbers[4 * i + j]) & 0xffu) << (8 * j);
  }
  return word;
}

// The numbers of the codes in the low nibbles of four bytes, and of those in the high nibbles.
struct LowHigh {
  std::uint32_t low = 0, high = 0;
};
template <DType type>
LITESTAGE_DEVICE LowHigh look_up(std::uint32_t nibbles) {
  constexpr std::uint32_t first = table_word(type, 0), second = table_word(type, 1);
  constexpr std::uint32_t third = table_word(type, 2), fourth = table_word(type, 3);
  const std::uint32_t in_half = nibbles & 0x77777777u;  // which of the 8 numbers of a half of the table
  // For nibble i of 16 bits: i if its code is in the first half of the table, i + 4 if it is in the second.
  const std::uint32_t which_half = 0x32103210u | ((nibbles & 0x88888888u) >> 1);
  std::uint32_t numbers[2];  // of the low and high nibbles of two bytes, in turns
  LITESTAGE_UNROLL
  for (unsigned k = 0; k < 2; ++k) {
    const std::uint32_t of_first = select_bytes(first, second, in_half >> (16 * k));
    const std::uint32_t of_second = select_bytes(third, fourth, in_half >> (16 * k));
    numbers[k] = select_bytes(of_first, of_second, which_half >> (16 * k));
  }
  return {select_bytes(numbers[0], numbers[1], 0x6420u), select_bytes(numbers[0], numbers[1], 0x7531u)};
}

}  // namespace litestage::kernels
