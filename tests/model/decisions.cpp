#include "litestage/model/decisions.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "common/error_of.hpp"

using namespace litestage;

TEST_CASE("decision table: equal vectors have one number, different ones have different numbers") {
  DecisionTable table;
  const Decisions none(6);
  CHECK(table.number_of(none) == 0);
  std::vector<Decisions> all{none};
  for (std::size_t u = 0; u < none.size(); ++u) {
    for (const SkipDecision& d :
         {SkipDecision{true, 1, KvOnSkip::none}, SkipDecision{true, 1, KvOnSkip::project},
          SkipDecision{true, 1, KvOnSkip::copy_below}, SkipDecision{true, 0.5f, KvOnSkip::none}}) {
      Decisions other = none;
      other[u] = d;
      all.push_back(other);
    }
  }
  all.emplace_back(4);  // of a model with fewer layers
  for (const Decisions& d : all) static_cast<void>(table.number_of(d));
  CHECK(table.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    CHECK(table.number_of(all[i]) == static_cast<int>(i));
    CHECK(table[static_cast<int>(i)] == all[i]);
  }
  CHECK(table.size() == all.size());
  CHECK_THROWS_AS(static_cast<void>(table[static_cast<int>(all.size())]), std::out_of_range);
  CHECK_THROWS_AS(static_cast<void>(table[-1]), std::out_of_range);
}

TEST_CASE("decision table: references stay valid while it grows") {
  DecisionTable table;
  Decisions d(2);
  const Decisions& first = table[table.number_of(d)];
  for (int i = 1; i <= 1000; ++i) {
    d[1] = {true, static_cast<float>(i), KvOnSkip::none};
    CHECK(table.number_of(d) == i);
  }
  CHECK(first == Decisions(2));
  CHECK(&first == &table[0]);
}

TEST_CASE("decision table: a scale that is not finite is refused, not stored") {
  DecisionTable table;
  const auto refused = [&](std::size_t u, float scale) {
    Decisions d(6);
    d[u] = {true, scale, KvOnSkip::none};
    return test::error_of([&] { static_cast<void>(table.number_of(d)); });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  CHECK(refused(3, nan) == "the skip policy's scale for the MLP of layer 1 is nan, expected finite numbers");
  CHECK(refused(4, infinite) == "the skip policy's scale for the attention of layer 2 is inf, expected finite numbers");
  CHECK(refused(0, -infinite) ==
        "the skip policy's scale for the attention of layer 0 is -inf, expected finite numbers");
  CHECK(table.size() == 0);
  CHECK(refused(5, 0) == "no error");
}
