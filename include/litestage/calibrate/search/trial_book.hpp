// Keeps the outcome of every trial of a search. Strategies request trials through it, so that no trial is evaluated
// twice, outcomes are checked, progress is reported, and all strategies judge a candidate by the same rule.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "litestage/calibrate/search/search.hpp"
#include "litestage/core/error.hpp"

namespace litestage::calibrate {

inline void check_space(const SearchSpace& space) {
  std::vector<std::size_t> order = space.order;
  std::sort(order.begin(), order.end());
  LITESTAGE_ASSERT(!order.empty() && order.size() == space.axes.size(), order.size(), " of ", space.axes.size(),
                   " axes are ordered");
  for (std::size_t i = 0; i < order.size(); ++i) LITESTAGE_ASSERT(order[i] == i, "order lacks or repeats axis ", i);
  LITESTAGE_ASSERT(!space.values.empty() && space.values[0] == 0, "values begin with 0");
  for (std::size_t i = 1; i < space.values.size(); ++i) {
    LITESTAGE_ASSERT(space.values[i - 1] < space.values[i], space.values[i - 1], " before ", space.values[i]);
  }
  LITESTAGE_ASSERT(space.rerun.empty() || space.rerun.size() == space.axes.size());
  for (const double share : space.rerun) LITESTAGE_ASSERT(share > 0 && share <= 1, share);
  LITESTAGE_ASSERT(space.questions != 0);
  LITESTAGE_ASSERT(space.max_loss >= 0 && (space.by_score || space.max_loss <= 1), space.max_loss);
  LITESTAGE_ASSERT(!space.least_accuracy || space.by_score ||
                   (*space.least_accuracy >= 0 && *space.least_accuracy <= 1));
}

// The number of correct answers that reaches the target, if the origin has origin_hits. It is an integer, so that
// candidates are never compared by rounded fractions. A product close to an integer counts as that integer (0.29 of 100
// questions are 29, not 28.999999999999996).
[[nodiscard]] inline std::size_t least_hits(const SearchSpace& space, std::size_t origin_hits) {
  constexpr double rounding = 1e-6;
  const double questions = static_cast<double>(space.questions);
  if (space.least_accuracy) {
    return static_cast<std::size_t>(std::ceil(std::max(0.0, *space.least_accuracy * questions - rounding)));
  }
  const auto loss = static_cast<std::size_t>(std::floor(space.max_loss * questions + rounding));
  return origin_hits - std::min(origin_hits, loss);
}

// The trials of one candidate.
struct CandidateRecord {
  std::vector<std::optional<Outcome>> outcomes;  // [questions]
  std::size_t tried = 0;
  std::size_t hits = 0;
};

class TrialBook {
 public:
  // Evaluates the origin, because the target is relative to it.
  TrialBook(const SearchSpace& space, const Evaluator& evaluator, std::size_t expected)
      : space_(space), evaluator_(evaluator) {
    check_space(space);
    const Candidate origin(space.axes.size(), 0);
    std::vector<Trial> trials;
    for (std::size_t q = 0; q < space.questions; ++q) trials.push_back({origin, q});
    ask(trials, {.axis = space.order[0], .expected = expected, .best = origin});
    if (space.by_score)
      least_score_ = space.least_accuracy.value_or(point(space.order[0], origin).score - space.max_loss);
    else
      least_hits_ = calibrate::least_hits(space, record(origin).hits);
  }

  // Evaluates trials that were not evaluated before, then reports `progress` with `done` filled in.
  void ask(std::span<const Trial> trials, SearchProgress progress) {
    const std::vector<Outcome> outcomes = evaluator_(trials);
    LITESTAGE_ASSERT(outcomes.size() == trials.size(), outcomes.size(), " outcomes of ", trials.size(), " trials");
    for (std::size_t i = 0; i < trials.size(); ++i) write(trials[i], outcomes[i]);
    done_ += trials.size();
    progress.done = done_;
    if (space_.on_progress) space_.on_progress(progress);
  }

  [[nodiscard]] const CandidateRecord& record(const Candidate& candidate) {
    CandidateRecord& found = records_[candidate];
    found.outcomes.resize(space_.questions);
    return found;
  }
  [[nodiscard]] std::size_t done() const { return done_; }
  [[nodiscard]] std::size_t least_hits() const { return least_hits_; }
  // The mean score that reaches the target.
  [[nodiscard]] double least_score() const { return least_score_; }
  // Whether the candidate would reach the target if it answered all remaining questions as well as can be.
  [[nodiscard]] bool can_reach(const CandidateRecord& found) const {
    if (!space_.by_score) return found.hits + space_.questions - found.tried >= least_hits_;
    double sum = 0;  // the best score is 0
    for (const std::optional<Outcome>& outcome : found.outcomes) sum += outcome ? outcome->score : 0;
    return reaches(sum / static_cast<double>(space_.questions));
  }
  [[nodiscard]] bool finished(const Candidate& candidate) { return record(candidate).tried == space_.questions; }

  // Means over the questions tried, summed in the order of the questions, so that equal outcomes give equal means.
  [[nodiscard]] Point point(std::size_t axis, const Candidate& candidate) {
    const CandidateRecord& found = record(candidate);
    Point point{axis, candidate, found.tried};
    if (found.tried == 0) return point;
    for (const std::optional<Outcome>& outcome : found.outcomes) {
      if (!outcome) continue;
      point.cost += outcome->cost;
      point.tokens += outcome->tokens;
      point.score += outcome->score;
    }
    const double tried = static_cast<double>(found.tried);
    point.accuracy = static_cast<double>(found.hits) / tried;
    point.cost /= tried;
    point.tokens /= tried;
    point.score /= tried;
    const bool reaches_it = space_.by_score ? reaches(point.score) : found.hits >= least_hits_;
    point.within_target = found.tried == space_.questions && reaches_it;
    return point;
  }

  // The result of a strategy: the best candidate that reaches the target, or the origin if there is none.
  [[nodiscard]] SearchResult result(const std::optional<Point>& best, std::vector<Point> points) {
    const Point origin = point(space_.order[0], Candidate(space_.axes.size(), 0));
    SearchResult result;
    result.reached = best.has_value();
    result.origin = origin;
    result.best = best.value_or(origin);
    result.target =
        space_.by_score ? least_score_ : static_cast<double>(least_hits_) / static_cast<double>(space_.questions);
    result.points = std::move(points);
    return result;
  }

 private:
  // Means are rounded, and the target of one search may be the mean of another.
  [[nodiscard]] bool reaches(double mean_score) const { return mean_score >= least_score_ - 1e-9; }
  void write(const Trial& trial, const Outcome& outcome) {
    // A NaN cost would compare as the cheapest.
    LITESTAGE_ASSERT(std::isfinite(outcome.cost) && outcome.cost >= 0, "a cost of ", outcome.cost);
    LITESTAGE_ASSERT(outcome.tokens >= 0, outcome.tokens, " tokens");
    LITESTAGE_ASSERT(std::isfinite(outcome.score) && outcome.score <= 0, "a score of ", outcome.score);
    static_cast<void>(record(trial.candidate));
    CandidateRecord& found = records_[trial.candidate];
    LITESTAGE_ASSERT(!found.outcomes.at(trial.question), "question ", trial.question, " is asked twice");
    found.outcomes[trial.question] = outcome;
    ++found.tried;
    if (outcome.correct) ++found.hits;
  }

  const SearchSpace& space_;
  const Evaluator& evaluator_;
  std::map<Candidate, CandidateRecord> records_;
  std::size_t done_ = 0;
  std::size_t least_hits_ = 0;
  double least_score_ = 0;
};

// Whether a is better than b: it is cheaper, or as cheap and closer to the origin.
[[nodiscard]] inline bool better(const Point& a, const Point& b) {
  if (a.cost != b.cost) return a.cost < b.cost;
  int steps_a = 0, steps_b = 0;
  for (const int value : a.candidate) steps_a += value;
  for (const int value : b.candidate) steps_b += value;
  return steps_a < steps_b;
}

}  // namespace litestage::calibrate
