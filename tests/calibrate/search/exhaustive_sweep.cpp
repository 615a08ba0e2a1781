#include "litestage/calibrate/search/exhaustive_sweep.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "calibrate/search/made_up_world.hpp"

using namespace litestage;
using namespace litestage::calibrate;

namespace {

SearchSpace space_of(std::vector<std::size_t> order, std::vector<int> counts, std::size_t questions, double max_loss) {
  SearchSpace space;
  for (std::size_t i = 0; i < order.size(); ++i) space.axes.push_back("stage " + std::to_string(i));
  space.order = std::move(order);
  space.values = std::move(counts);
  space.questions = questions;
  space.max_loss = max_loss;
  return space;
}

// One question, so that a candidate is right or wrong and has one time. `plans` lists those that are not (wrong, 9 s).
Evaluator table(const std::map<Candidate, Outcome>& plans) {
  return [plans](std::span<const Trial> trials) {
    std::vector<Outcome> outcomes;
    for (const Trial& trial : trials) {
      const auto found = plans.find(trial.candidate);
      outcomes.push_back(found == plans.end() ? Outcome{false, 9, 1} : found->second);
    }
    return outcomes;
  };
}

// An independent version of step 2: recursive over the stages, without memory of trials, with the loss in whole hits.
Candidate brute_force(const SearchSpace& space, std::uint64_t seed, int least, Candidate frozen, std::size_t at) {
  if (at == space.order.size()) return frozen;
  Candidate winner = frozen;
  double fastest = std::numeric_limits<double>::infinity();
  for (auto count = space.values.rbegin(); count != space.values.rend(); ++count) {
    Candidate candidate = frozen;
    candidate[space.order[at]] = *count;
    int hits = 0;
    double cost = 0;
    for (std::size_t q = 0; q < space.questions; ++q) {
      const Outcome outcome = drawn_outcome(seed, {candidate, q});
      hits += outcome.correct ? 1 : 0;
      cost += outcome.cost;
    }
    if (hits < least || cost > fastest) continue;
    fastest = cost;
    winner = candidate;
  }
  return brute_force(space, seed, least, winner, at + 1);
}

}  // namespace

TEST_CASE("the sweep finds what a brute-force loop finds, whatever the batches") {
  int skipping = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    const std::vector<std::vector<std::size_t>> orders = {{0}, {1, 0}, {1, 0, 2}, {2, 3, 1, 0}};
    const std::vector<std::vector<int>> counts = {{0, 1, 2, 3, 4, 5}, {0, 2, 3, 7}, {0, 5}, {0}};
    const int loss = static_cast<int>(seed % 3);
    SearchSpace space = space_of(orders[seed % 4], counts[seed / 4 % 4], 5 + seed % 9, 0);
    space.max_loss = static_cast<double>(loss) / static_cast<double>(space.questions);
    const Candidate full(space.axes.size(), 0);
    int hits = 0;
    for (std::size_t q = 0; q < space.questions; ++q) hits += drawn_outcome(seed, {full, q}).correct ? 1 : 0;
    ExhaustiveSweep sweep;
    sweep.per_call = seed % 2 == 0 ? 1 + static_cast<int>(seed % 7) : 256;
    const SearchResult result = sweep.search(space, [&](std::span<const Trial> trials) {
      std::vector<Outcome> outcomes;
      for (const Trial& trial : trials) outcomes.push_back(drawn_outcome(seed, trial));
      return outcomes;
    });
    CAPTURE(seed);
    CHECK(result.best.candidate == brute_force(space, seed, hits - loss, full, 0));
    CHECK(result.reached);
    CHECK(result.best.accuracy >= result.target);
    CHECK(result.points.size() == space.axes.size() * space.values.size());
    for (const Point& point : result.points) CHECK(point.within_target == (point.accuracy >= result.target));
    if (result.best.candidate != full) ++skipping;
  }
  CHECK(skipping > 100);
}

TEST_CASE("no trial is evaluated twice, and progress counts them") {
  const SearchSpace plain = space_of({1, 0, 2}, {0, 2, 3}, 7, 0.2);
  std::vector<SearchProgress> told;
  SearchSpace space = plain;
  space.on_progress = [&](const SearchProgress& progress) { told.push_back(progress); };
  std::map<std::pair<Candidate, std::size_t>, int> times_asked;
  std::size_t calls = 0;
  const SearchResult result = ExhaustiveSweep{5}.search(space, [&](std::span<const Trial> trials) {
    ++calls;
    CHECK(told.size() + 1 == calls);  // after every call
    std::vector<Outcome> outcomes;
    for (const Trial& trial : trials) {
      CHECK(++times_asked[{trial.candidate, trial.question}] == 1);
      outcomes.push_back(drawn_outcome(3, trial));
    }
    return outcomes;
  });
  CHECK(told.size() == calls);
  CHECK(times_asked.size() == 7 * (1 + 3 * 2));
  CHECK(told.back().done == times_asked.size());
  for (const SearchProgress& progress : told) CHECK(progress.expected == times_asked.size());
  CHECK(told.front().best == Candidate{0, 0, 0});
  CHECK(told.back().axis == 2);
  CHECK(result.origin.questions == 7);
}

TEST_CASE("equally fast counts: the one that skips less") {
  const SearchSpace space = space_of({0}, {0, 1, 2, 3}, 1, 0);
  const SearchResult result = ExhaustiveSweep{}.search(
      space, table({{{0}, {true, 5, 1}}, {{1}, {true, 5, 1}}, {{2}, {true, 3, 1}}, {{3}, {true, 3, 1}}}));
  CHECK(result.best.candidate == Candidate{2});
  CHECK(result.best.cost == 3);
}

TEST_CASE("a failing count does not end the sweep") {
  const SearchSpace space = space_of({0}, {0, 1, 2, 3}, 1, 0);
  CHECK(ExhaustiveSweep{}.search(space, table({{{0}, {true, 5, 1}}, {{3}, {true, 4, 1}}})).best.candidate ==
        Candidate{3});
}

TEST_CASE("the stages later in the order are at full depth, those before it frozen") {
  const SearchSpace space = space_of({1, 0}, {0, 1}, 1, 0);
  // {1, 1} is the fastest, but greedy freezes 0 for stage 1 and never tries it.
  const SearchResult result = ExhaustiveSweep{}.search(
      space, table({{{0, 0}, {true, 5, 1}}, {{0, 1}, {true, 6, 1}}, {{1, 0}, {true, 4, 1}}, {{1, 1}, {true, 1, 1}}}));
  CHECK(result.best.candidate == Candidate{1, 0});
}

TEST_CASE("a target above full depth") {
  SearchSpace space = space_of({0, 1}, {0, 1}, 1, 0);
  space.least_accuracy = 1;
  const SearchResult missed = ExhaustiveSweep{}.search(space, table({{{0, 0}, {false, 5, 1}}}));
  CHECK_FALSE(missed.reached);
  CHECK(missed.best.candidate == Candidate{0, 0});
  CHECK(missed.target == 1);
  CHECK(missed.best == missed.origin);
  // A candidate may reach a target that full depth does not, even if it is slower, even in a later stage.
  const SearchResult reached =
      ExhaustiveSweep{}.search(space, table({{{0, 1}, {true, 7, 1}}, {{0, 0}, {false, 5, 1}}}));
  CHECK(reached.reached);
  CHECK(reached.best.candidate == Candidate{0, 1});
}

TEST_CASE("the target in hits is not moved by rounding") {
  SearchSpace space = space_of({0}, {0}, 100, 0.29);  // 0.29 * 100 is 28.999999999999996
  CHECK(least_hits(space, 100) == 71);
  CHECK(least_hits(space, 20) == 0);
  for (std::size_t questions : {1u, 7u, 31u, 64u, 100u, 229u, 1221u}) {
    space.questions = questions;
    for (std::size_t k = 0; k <= questions; ++k) {
      space.max_loss = static_cast<double>(k) / static_cast<double>(questions);
      space.least_accuracy = std::nullopt;
      CHECK(least_hits(space, questions) == questions - k);
      space.least_accuracy = static_cast<double>(k) / static_cast<double>(questions);
      CHECK(least_hits(space, 0) == k);
    }
  }
  space = space_of({0}, {0}, 64, 0.04);  // 2.56 questions
  CHECK(least_hits(space, 40) == 38);
  space.least_accuracy = 0.5001;
  CHECK(least_hits(space, 40) == 33);
}

TEST_CASE("where scores are judged, the mean score decides, and answers do not") {
  SearchSpace space = space_of({0}, {0, 1, 2, 3}, 2, 0.25);
  space.by_score = true;
  // Mean scores: -1, -1.25, -1.5 and -0.5. The cheapest is below the target; the one at the target answers nothing
  // right.
  const Evaluator evaluate = [](std::span<const Trial> trials) {
    const double means[] = {-1, -1.25, -1.5, -0.5}, costs[] = {5, 3, 1, 4};
    std::vector<Outcome> outcomes;
    for (const Trial& t : trials) {
      const int value = t.candidate[0];
      outcomes.push_back({value != 1, costs[value], 1, means[value] + (t.question == 0 ? 0.5 : -0.5)});
    }
    return outcomes;
  };
  const SearchResult result = ExhaustiveSweep{}.search(space, evaluate);
  CHECK(result.reached);
  CHECK(result.target == -1.25);
  CHECK(result.best.candidate == Candidate{1});
  CHECK(result.best.score == -1.25);
  CHECK(result.best.accuracy == 0);
  CHECK(result.origin.score == -1);
  CHECK_FALSE(result.points[2].within_target);
  space.least_accuracy = -0.75;  // of the mean score, too
  const SearchResult above = ExhaustiveSweep{}.search(space, evaluate);
  CHECK(above.best.candidate == Candidate{3});
  CHECK(above.target == -0.75);
}

TEST_CASE("times that are no numbers, and outcomes that lack, are refused") {
  const SearchSpace space = space_of({0}, {0, 1}, 1, 0);
  for (const double score : {std::numeric_limits<double>::quiet_NaN(), 0.5}) {
    CHECK_THROWS_AS(static_cast<void>(ExhaustiveSweep{}.search(space, table({{{0}, {true, 1, 1, score}}}))),
                    AssertionError);
  }
  for (const double cost : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), -1.0}) {
    CHECK_THROWS_AS(
        static_cast<void>(ExhaustiveSweep{}.search(space, table({{{0}, {true, 5, 1}}, {{1}, {true, cost, 1}}}))),
        AssertionError);
  }
  CHECK_THROWS_AS(
      static_cast<void>(ExhaustiveSweep{}.search(space, [](std::span<const Trial>) { return std::vector<Outcome>(); })),
      AssertionError);
  CHECK_THROWS_AS(
      static_cast<void>(ExhaustiveSweep{}.search(
          space, [](std::span<const Trial>) -> std::vector<Outcome> { throw std::runtime_error("interrupted"); })),
      std::runtime_error);
}

TEST_CASE("a space that makes no sense is refused") {
  const auto refused = [](const SearchSpace& space) {
    CHECK_THROWS_AS(static_cast<void>(ExhaustiveSweep{}.search(space, table({}))), AssertionError);
  };
  refused(space_of({}, {0}, 1, 0));
  refused(space_of({0, 0}, {0}, 1, 0));
  refused(space_of({0, 2}, {0}, 1, 0));
  refused(space_of({0}, {}, 1, 0));
  refused(space_of({0}, {1, 2}, 1, 0));
  refused(space_of({0}, {0, 2, 2}, 1, 0));
  refused(space_of({0}, {0, 1}, 0, 0));
  refused(space_of({0}, {0, 1}, 1, -0.1));
  refused(space_of({0}, {0, 1}, 1, std::numeric_limits<double>::quiet_NaN()));
}
