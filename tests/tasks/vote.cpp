#include "litestage/tasks/vote.hpp"
#include "litestage/core/error.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "litestage/core/error.hpp"

using namespace litestage;
using tasks::SampleVote;
using tasks::VoteRule;
using tasks::winner;

namespace {

const std::optional<std::string> nothing;

struct VoteCase {
  std::vector<SampleVote> votes;
  std::optional<std::size_t> most, heaviest;
};

}  // namespace

TEST_CASE("vote: majorities, weights, ties and samples without an answer") {
  const std::vector<VoteCase> cases = {
      {{{"7"}}, 0, 0},
      {{{"7"}, {"8"}, {"8"}}, 1, 1},
      {{{"8"}, {"7"}, {"8"}, {"7"}, {"7"}}, 1, 1},
      // No-answers never vote, not even if they are most.
      {{{nothing}, {nothing}, {nothing}, {"5"}}, 3, 3},
      {{{nothing, 9.0}, {"5", 0.1}}, 1, 1},
      {{{nothing}, {nothing}}, std::nullopt, std::nullopt},
      {{}, std::nullopt, std::nullopt},
      // An empty text is an answer like others.
      {{{""}, {""}, {"x"}}, 0, 0},
      // The rules disagree.
      {{{"7", 3.0}, {"8", 1.0}, {"8", 1.0}}, 1, 0},
      // A tie of votes goes to the larger weight, wherever it stands.
      {{{"7", 1.0}, {"8", 2.0}}, 1, 1},
      {{{"7", 2.0}, {"8", 1.0}}, 0, 0},
      {{{"7", 1.0}, {"8", 0.5}, {"8", 0.5}, {"7", 0.25}}, 0, 0},
      // A tie of weights goes to more votes.
      {{{"7", 2.0}, {"8", 1.0}, {"8", 1.0}}, 1, 1},
      // What is equal in both goes to the smallest index.
      {{{"9"}, {"8"}, {"7"}}, 0, 0},
      {{{nothing}, {"8"}, {"7"}, {"7"}, {"8"}}, 1, 1},
      {{{"b", 0.0}, {"a", 0.0}}, 0, 0},
      // Texts are compared exactly.
      {{{"7"}, {"7.0"}, {"7.0"}, {" 7"}, {"7"}, {"7.0"}}, 1, 1},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    CAPTURE(i);
    CHECK(winner(cases[i].votes, VoteRule::most_votes) == cases[i].most);
    CHECK(winner(cases[i].votes, VoteRule::largest_weight) == cases[i].heaviest);
  }
}

TEST_CASE("vote: a weight is finite and not negative") {
  for (const double weight :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const std::vector<SampleVote> votes = {{"7", weight}};
    CHECK_THROWS_AS(static_cast<void>(winner(votes, VoteRule::most_votes)), AssertionError);
  }
}

TEST_CASE("vote: the bar of the most confident share is numpy's percentile") {
  // numpy.percentile([0..10], 90) == 9, of [1, 2, 4] at 50 == 2, at 90 == 3.6, at 25 == 1.5.
  std::vector<SampleVote> eleven;
  for (const int w : {3, 7, 0, 10, 5, 1, 9, 2, 8, 4, 6}) eleven.push_back({"x", static_cast<double>(w)});
  CHECK(tasks::weight_bar(eleven, 0.1) == doctest::Approx(9));
  const std::vector<SampleVote> three = {{"x", 4.0}, {nothing, 1.0}, {"y", 2.0}};
  CHECK(tasks::weight_bar(three, 0.5) == doctest::Approx(2));
  CHECK(tasks::weight_bar(three, 0.1) == doctest::Approx(3.6));
  CHECK(tasks::weight_bar(three, 0.75) == doctest::Approx(1.5));
  CHECK(tasks::weight_bar(three, 1) == 1);
  CHECK(tasks::weight_bar(std::vector<SampleVote>{{"x", 0.5}}, 0.1) == 0.5);
}
