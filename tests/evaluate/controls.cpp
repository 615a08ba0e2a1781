#include "litestage/evaluate/controls.hpp"
#include "common/longest_option.hpp"

#include <doctest/doctest.h>

#include <vector>

using litestage::Question;
namespace evaluate = litestage::evaluate;

TEST_CASE("controls count only questions of known gold") {
  const std::vector<Question> questions = {{"1", "s", {"a", "b"}, 1},
                                           {"2", "s", {"a", "b", "c", "d"}, 1},
                                           {"3", "s", {"a", "b"}, -1},
                                           {"4", "s", {"a", "b"}, 0}};
  const auto counts = evaluate::gold_counts(questions);
  CHECK(counts[0] == 1);
  CHECK(counts[1] == 2);
  CHECK(counts[2] == 0);
  const evaluate::MajorityClass majority = evaluate::majority_class(questions);
  CHECK(majority.option == 1);
  CHECK(majority.accuracy.hits == 2);
  CHECK(majority.accuracy.trials == 3);
  CHECK(evaluate::chance(questions) == doctest::Approx((0.5 + 0.25 + 0.5) / 3));
}

TEST_CASE("the majority's ties go to the lowest letter") {
  const std::vector<Question> questions = {{"1", "s", {"a", "b", "c"}, 2}, {"2", "s", {"a", "b", "c"}, 1}};
  CHECK(evaluate::majority_class(questions).option == 1);
}

TEST_CASE("without gold the controls say nothing") {
  const std::vector<Question> questions = {{"1", "s", {"a", "b"}, -1}};
  CHECK(evaluate::majority_class(questions).option == -1);
  CHECK(evaluate::majority_class(questions).accuracy.trials == 0);
  CHECK(evaluate::chance(questions) == 0);
  CHECK(litestage::test::longest_option(questions).trials == 0);
}

TEST_CASE("length is counted in code points, the first of equals is the longest") {
  const std::vector<Question> questions = {{"1", "s", {"\u00e9\u00e9", "abc"}, 1},
                                           {"2", "s", {"ab", "cd"}, 0},
                                           {"3", "s", {"ab", "cd"}, 1},
                                           {"4", "s", {"abcdef", "cd"}, -1}};
  const evaluate::Proportion p = litestage::test::longest_option(questions);
  CHECK(p.hits == 2);
  CHECK(p.trials == 3);
}
