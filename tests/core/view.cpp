// Windows on numbers.
#include "litestage/core/view.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

using namespace litestage;

TEST_CASE("indices run outer to inner, the last without gaps") {
  std::vector<int> numbers(2 * 3 * 5);
  std::iota(numbers.begin(), numbers.end(), 0);
  const View<int, 3> v(numbers.data(), {2, 3, 5});
  CHECK(v(0, 0, 0) == 0);
  CHECK(v(1, 2, 4) == 29);
  CHECK(v(1, 0, 3) == 18);
  CHECK(v.row(1) == numbers.data() + 15);
  CHECK(v.size() == 30);
  CHECK(v.stride(0) == 15);
  CHECK(v.stride(1) == 5);
  CHECK(v.flat().size() == 30);
  v(1, 1, 1) = -1;
  CHECK(numbers[21] == -1);
  const View<const int, 3> read = v;
  CHECK(read(1, 1, 1) == -1);
}

TEST_CASE("rows may have gaps between them") {
  std::vector<int> numbers(3 * 7);
  std::iota(numbers.begin(), numbers.end(), 0);
  const View<int, 2> v(numbers.data() + 1, {3, 5}, {7, 1});
  CHECK(v(2, 4) == 19);
  CHECK(v.row(1)[0] == 8);
  CHECK(v.first(2).extent(0) == 2);
  CHECK(v.first(2)(1, 4) == 12);
  CHECK(v.first(0).empty());
  CHECK_THROWS_AS(static_cast<void>(v.first(4)), AssertionError);
  CHECK_THROWS_AS(static_cast<void>(v.flat()), AssertionError);
}

TEST_CASE("a view of nothing") {
  const View<float, 2> none;
  CHECK(none.empty());
  CHECK(none.data() == nullptr);
  CHECK(View<float, 2>(nullptr, {0, 7}).flat().empty());
}
