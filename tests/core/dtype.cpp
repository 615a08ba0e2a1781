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
  for (const std::uint32_t other : {4u, 5u, 9u, 15u, 16u, 19u, 29u, 31u, 38u, 40u, 0xffffffffu})
    CHECK(!dtype_from_gguf(other));
}

TEST_CASE("bytes of a row") {
  CHECK(row_bytes(DType::f32, 31) == 124);
  CHECK(row_bytes(DType::bf16, 1) == 2);
  CHECK(row_bytes(DType::q8_0, 64) == 68);
  CHECK(row_bytes(DType::q4_1, 576) == 360);
  CHECK(row_bytes(DType::q6_k, 512) == 420);
  CHECK(row_bytes(DType::q4_k, 0) == 0);
  CHECK(row_bytes(DType::q2_k, 512) == 168);
  CHECK(row_bytes(DType::q3_k, 256) == 110);
  CHECK(row_bytes(DType::iq4_nl, 96) == 54);
  CHECK(row_bytes(DType::iq4_xs, 256) == 136);
  CHECK(row_bytes(DType::mxfp4, 64) == 34);
  CHECK_THROWS_AS(static_cast<void>(row_bytes(DType::q8_0, 31)), AssertionError);
  CHECK_THROWS_AS(static_cast<void>(row_bytes(DType::q4_k, 128)), AssertionError);
}

TEST_CASE("a code stands for its distance from the offset, or for an entry of a table") {
  CHECK(info(DType::q4_0).coding.number(0) == -8);
  CHECK(info(DType::q3_k).coding.number(7) == 3);
  CHECK(info(DType::q2_k).coding.number(3) == 3);
  CHECK(info(DType::iq4_nl).coding.number(0) == -127);
  CHECK(info(DType::iq4_xs).coding.number(8) == 1);
  CHECK(info(DType::mxfp4).coding.number(7) == 12);
  CHECK(info(DType::mxfp4).coding.number(15) == -12);
}
