// The table of weight types.
#include "litestage/core/dtype.hpp"

#include <doctest/doctest.h>

#include <iterator>

using namespace litestage;

TEST_CASE("the table is in the order of the enumeration and its ids are unique") {
  for (std::size_t i = 0; i < std::size(dtype_table); ++i) {
    CHECK(static_cast<std::size_t>(dtype_table[i].type) == i);
    CHECK(dtype_from_gguf(dtype_table[i].gguf_id) == dtype_table[i].type);
    CHECK(name(dtype_table[i].type) == dtype_table[i].name);
    CHECK(with_type(dtype_table[i].type, []<DType type>() { return type; }) == dtype_table[i].type);
  }
  for (const std::uint32_t other : {4u, 5u, 9u, 10u, 11u, 15u, 29u, 31u, 0xffffffffu}) CHECK(!dtype_from_gguf(other));
}

TEST_CASE("bytes of a row") {
  CHECK(row_bytes(DType::f32, 31) == 124);
  CHECK(row_bytes(DType::bf16, 1) == 2);
  CHECK(row_bytes(DType::q8_0, 64) == 68);
  CHECK(row_bytes(DType::q4_1, 576) == 360);
  CHECK(row_bytes(DType::q6_k, 512) == 420);
  CHECK(row_bytes(DType::q4_k, 0) == 0);
  CHECK_THROWS_AS(static_cast<void>(row_bytes(DType::q8_0, 31)), AssertionError);
  CHECK_THROWS_AS(static_cast<void>(row_bytes(DType::q4_k, 128)), AssertionError);
}
