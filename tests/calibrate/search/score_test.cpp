// The test by which a race drops candidates whose scores are too low.
#include "litestage/calibrate/search/score_test.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "calibrate/search/made_up_world.hpp"

using namespace litestage::calibrate;

TEST_CASE("Student's t: the quantiles of printed tables, and both tails") {
  struct Row {
    std::size_t degrees;
    double one, five;  // the 1 % and 5 % points of one tail
  };
  for (const Row& row : std::vector<Row>{{1, 31.8205, 6.3138},
                                         {2, 6.9646, 2.9200},
                                         {3, 4.5407, 2.3534},
                                         {4, 3.7469, 2.1318},
                                         {5, 3.3649, 2.0150},
                                         {10, 2.7638, 1.8125},
                                         {29, 2.4620, 1.6991},
                                         {120, 2.3578, 1.6577}}) {
    CAPTURE(row.degrees);
    CHECK(std::abs(student_t_below(-row.one, row.degrees) - 0.01) < 2e-6);
    CHECK(std::abs(student_t_below(-row.five, row.degrees) - 0.05) < 1e-5);
    CHECK(std::abs(student_t_below(row.one, row.degrees) - 0.99) < 2e-6);
    CHECK(std::abs(student_t_below(0, row.degrees) - 0.5) < 1e-12);
    CHECK(student_t_below(-std::numeric_limits<double>::infinity(), row.degrees) < 1e-12);
  }
}

TEST_CASE("the chance of scores: by hand, and where little is known") {
  // Mean -0.5, standard deviation 0.1, so t = (-0.5 + 0.3) / (0.1 / sqrt(4)) = -4 with many questions left.
  const std::vector<double> four = {-0.5 - 0.1 * std::sqrt(1.5), -0.5, -0.5, -0.5 + 0.1 * std::sqrt(1.5)};
  const std::size_t many = 1000000000;
  CHECK(score_chance(four, -0.3, many) == doctest::Approx(student_t_below(-4, 3)).epsilon(1e-6));
  // Half of the questions are left: the standard error is smaller by sqrt(1/2).
  CHECK(score_chance(four, -0.3, 8) == doctest::Approx(student_t_below(-4 * std::sqrt(2.0), 3)));
  CHECK(score_chance(four, -0.3, 4) < 1e-9);
  CHECK(score_chance(four, -0.5 - 1e-12, many) == 1);
  CHECK(score_chance({}, -0.3, many) == 1);
  CHECK(score_chance({-9}, -0.3, many) == 1);
  CHECK(score_chance({-9, -9}, -0.3, many) < 1e-9);  // no difference between questions
  CHECK(score_chance({0, 0}, 0, many) == 1);
}

TEST_CASE("the chance of scores: a candidate at the target is rarely thought to be below it") {
  // 40 questions with differences of mean 0, of which 8 are drawn.
  int dropped = 0;
  constexpr int worlds = 4000;
  for (int seed = 0; seed < worlds; ++seed) {
    const Draw draw(static_cast<std::uint64_t>(seed));
    std::vector<double> all;
    for (int q = 0; q < 40; ++q) all.push_back(draw.of(q).normal());
    const double mean = std::accumulate(all.begin(), all.end(), 0.0) / 40;
    all.resize(8);
    dropped += score_chance(all, mean, 40) < 0.05 ? 1 : 0;
  }
  CHECK(dropped > worlds * 0.03);
  CHECK(dropped < worlds * 0.07);
}

TEST_CASE("differences are taken on the questions that both were tried on") {
  CandidateRecord plan{std::vector<std::optional<Outcome>>(4)}, full{std::vector<std::optional<Outcome>>(4)};
  for (std::size_t q = 0; q < 4; ++q) full.outcomes[q] = Outcome{true, 1, 1, -1.0 * static_cast<double>(q)};
  plan.outcomes[1] = Outcome{true, 1, 1, -3};
  plan.outcomes[3] = Outcome{true, 1, 1, -2.5};
  CHECK(score_differences(plan, full) == std::vector<double>{-2, 0.5});
}
