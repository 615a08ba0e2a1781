// Codes that stand for the numbers of a table: every code at every place of a word.
#include "litestage/kernels/products/code_tables.cuh"

#include <doctest/doctest.h>

#include <cstdint>

using namespace litestage;

namespace {

template <DType type>
void check_all_codes() {
  for (std::uint32_t code = 0; code < 16; ++code) {
    for (unsigned place = 0; place < 8; ++place) {
      const std::uint32_t others = 0x5e3a9c17u * (code + 1);
      const std::uint32_t nibbles = (others & ~(0xfu << (4 * place))) | (code << (4 * place));
      const kernels::LowHigh found = kernels::look_up<type>(nibbles);
      for (unsigned byte = 0; byte < 4; ++byte) {
        const auto number = [&](unsigned nibble) {
          return info(type).coding.number(static_cast<int>((nibbles >> (4 * nibble)) & 15u));
        };
        CHECK(static_cast<std::int8_t>(found.low >> (8 * byte)) == number(2 * byte));
        CHECK(static_cast<std::int8_t>(found.high >> (8 * byte)) == number(2 * byte + 1));
      }
    }
  }
}

}  // namespace

TEST_CASE("code tables: every code becomes its number, wherever it is in a word") {
  check_all_codes<DType::iq4_nl>();
  check_all_codes<DType::mxfp4>();
}

TEST_CASE("code tables: bytes are selected by nibbles") {
  CHECK(kernels::select_bytes(0x33221100u, 0x77665544u, 0x7531u) == 0x77553311u);
  CHECK(kernels::select_bytes(0x33221100u, 0x77665544u, 0x0246u) == 0x00224466u);
}
