#include "litestage/evaluate/controls.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "common/answers.hpp"
#include "common/longest_option.hpp"

using litestage::Answer;
using litestage::Question;
namespace test = litestage::test;
namespace evaluate = litestage::evaluate;

TEST_CASE("controls count only questions of known gold") {
  const std::vector<Question> questions = {{"1", "s", {"a", "b"}, test::gold(1)},
                                           {"2", "s", {"a", "b", "c", "d"}, test::gold(1)},
                                           {"3", "s", {"a", "b"}, {}},
                                           {"4", "s", {"a", "b"}, test::gold(0)}};
  const auto counts = evaluate::gold_counts(questions);
  CHECK(counts == std::map<std::string, std::size_t>{{"A", 1}, {"B", 2}});
  const evaluate::MajorityClass majority = evaluate::majority_class(questions);
  CHECK(majority.answer == Answer{"B"});
  CHECK(majority.accuracy.hits == 2);
  CHECK(majority.accuracy.trials == 3);
  CHECK(*evaluate::chance(questions) == doctest::Approx((0.5 + 0.25 + 0.5) / 3));
}

TEST_CASE("the majority's ties go to the lowest letter") {
  const std::vector<Question> questions = {{"1", "s", {"a", "b", "c"}, test::gold(2)},
                                           {"2", "s", {"a", "b", "c"}, test::gold(1)}};
  CHECK(evaluate::majority_class(questions).answer == Answer{"B"});
}

TEST_CASE(
    "controls of answers that are no letters: any of several right ones counts, chance only where it has a meaning") {
  using litestage::AnswerKind;
  const std::vector<Question> numbers = {{"1", "s", {}, {{"18"}, {"20"}}, AnswerKind::number},
                                         {"2", "s", {}, {{"20"}}, AnswerKind::number},
                                         {"3", "s", {}, {{"7"}}, AnswerKind::number}};
  CHECK(evaluate::majority_class(numbers).answer == Answer{"20"});
  CHECK(evaluate::majority_class(numbers).accuracy.hits == 2);
  CHECK(evaluate::majority_class(numbers).accuracy.trials == 3);
  CHECK_FALSE(evaluate::chance(numbers));
  const std::vector<Question> yes_no = {{"1", "s", {}, {{"yes"}}, AnswerKind::yes_no},
                                        {"2", "s", {"a", "b", "c", "d"}, {{"A"}, {"B"}}}};
  CHECK(*evaluate::chance(yes_no) == 0.5);
}

TEST_CASE("without gold the controls say nothing") {
  const std::vector<Question> questions = {{"1", "s", {"a", "b"}, {}}};
  CHECK(evaluate::majority_class(questions).answer.empty());
  CHECK(evaluate::majority_class(questions).accuracy.trials == 0);
  CHECK_FALSE(evaluate::chance(questions));
  CHECK(litestage::test::longest_option(questions).trials == 0);
}

TEST_CASE("length is counted in code points, the first of equals is the longest") {
  const std::vector<Question> questions = {{"1", "s", {"\u00e9\u00e9", "abc"}, test::gold(1)},
                                           {"2", "s", {"ab", "cd"}, test::gold(0)},
                                           {"3", "s", {"ab", "cd"}, test::gold(1)},
                                           {"4", "s", {"abcdef", "cd"}, {}}};
  const evaluate::Proportion p = litestage::test::longest_option(questions);
  CHECK(p.hits == 2);
  CHECK(p.trials == 3);
}
