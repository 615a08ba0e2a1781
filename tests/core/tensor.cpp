// Memory of weights and numbers.
#include "litestage/core/tensor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <utility>

using namespace litestage;

TEST_CASE("rows of a raw tensor follow each other without gaps") {
  const std::byte bytes[3 * 68] = {};
  const RawTensor t{"w", DType::q8_0, 3, 64, bytes};
  CHECK(t.bytes() == 204);
  CHECK(t.row(2) == bytes + 136);
  CHECK(!t.empty());
  CHECK(RawTensor{}.empty());
}

TEST_CASE_TEMPLATE("a buffer is aligned, zero at first and moves without copying", T, float, double, std::uint16_t) {
  for (const std::size_t size : {std::size_t{1}, std::size_t{31}, std::size_t{33}, std::size_t{1} << 21}) {
    Buffer<T> buffer(size);
    REQUIRE(buffer.size() == size);
    CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64 == 0);
    CHECK(std::all_of(buffer.data(), buffer.data() + size, [](T x) { return x == 0; }));
    buffer[size - 1] = 7;
    const T* data = buffer.data();
    const Buffer<T> moved = std::move(buffer);
    CHECK(moved.data() == data);
    CHECK(moved[size - 1] == 7);
    CHECK(moved.view()(size - 1) == 7);
  }
  CHECK(Buffer<T>().size() == 0);
  CHECK(Buffer<T>(0).data() == nullptr);
}
