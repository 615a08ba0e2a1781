#include "litestage/tasks/trace_score.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace litestage;
using tasks::trace_score;

TEST_CASE("trace score: DeepConf's four, worked out by hand") {
  const std::vector<float> trace = {1, 5, 3, 2, 4, 6};
  CHECK(trace_score(trace, VoteWeight::one) == 1);
  CHECK(trace_score(trace, VoteWeight::mean, 2) == doctest::Approx(3.5));
  CHECK(trace_score(trace, VoteWeight::tail, 2) == doctest::Approx(5));
  CHECK(trace_score(trace, VoteWeight::tail, 3) == doctest::Approx(4));
  // Groups of two: 3, 4, 2.5, 3, 5. Of three: 3, 10/3, 3, 4.
  CHECK(trace_score(trace, VoteWeight::lowest_group, 2) == doctest::Approx(2.5));
  CHECK(trace_score(trace, VoteWeight::lowest_group, 3) == doctest::Approx(3));
  CHECK(trace_score(trace, VoteWeight::lowest_group, 1) == doctest::Approx(1));
  CHECK(trace_score(trace, VoteWeight::lowest_tenth, 2) == doctest::Approx(2.5));  // fewer than ten groups: one
}

TEST_CASE("trace score: the lowest tenth is of groups, rounded down") {
  std::vector<float> trace;
  for (int i = 0; i < 29; ++i) trace.push_back(static_cast<float>(40 - i));  // falls from 40 to 12
  // 29 groups of one: the two smallest are 12 and 13. 20 groups of ten: the two smallest means are 16.5 and 17.5.
  CHECK(trace_score(trace, VoteWeight::lowest_tenth, 1) == doctest::Approx(12.5));
  CHECK(trace_score(trace, VoteWeight::lowest_tenth, 10) == doctest::Approx(17));
  CHECK(trace_score(trace, VoteWeight::lowest_group, 10) == doctest::Approx(16.5));
}

TEST_CASE("trace score: a trace shorter than the window is one group") {
  const std::vector<float> trace = {2, 4};
  for (const VoteWeight weight :
       {VoteWeight::mean, VoteWeight::tail, VoteWeight::lowest_group, VoteWeight::lowest_tenth}) {
    CHECK(trace_score(trace, weight) == doctest::Approx(3));
    CHECK(trace_score(trace, weight, 2) == doctest::Approx(3));
  }
}

TEST_CASE("trace score: what was not measured is left out, and no weight is negative") {
  const float nan = std::numeric_limits<float>::quiet_NaN(), infinite = std::numeric_limits<float>::infinity();
  CHECK(trace_score(std::vector<float>{nan, 2, -infinite, 4}, VoteWeight::mean) == doctest::Approx(3));
  CHECK(trace_score(std::vector<float>{nan}, VoteWeight::tail) == 0);
  CHECK(trace_score({}, VoteWeight::lowest_group) == 0);
  CHECK(trace_score(std::vector<float>{-3, -1}, VoteWeight::mean) == 0);
  CHECK(trace_score({}, VoteWeight::one) == 1);
}
