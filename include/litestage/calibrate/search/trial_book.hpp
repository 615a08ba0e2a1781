// What a search knows: the outcome of every trial so far. Strategies ask through it, so that no trial is evaluated
// twice, what an evaluator gives is checked, progress is told, and all judge a plan by the same rule.
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
  LITESTAGE_ASSERT(!order.empty() && order.size() == space.stages.size(), order.size(), " of ", space.stages.size(),
                   " stages are ordered");
  for (std::size_t i = 0; i < order.size(); ++i) LITESTAGE_ASSERT(order[i] == i, "order lacks or repeats stage ", i);
  LITESTAGE_ASSERT(!space.counts.empty() && space.counts[0] == 0, "counts begin with 0");
  for (std::size_t i = 1; i < space.counts.size(); ++i) {
    LITESTAGE_ASSERT(space.counts[i - 1] < space.counts[i], space.counts[i - 1], " before ", space.counts[i]);
  }
  LITESTAGE_ASSERT(space.rerun.empty() || space.rerun.size() == space.stages.size());
  for (const double share : space.rerun) LITESTAGE_ASSERT(share > 0 && share <= 1, share);
  LITESTAGE_ASSERT(space.questions != 0);
  LITESTAGE_ASSERT(space.max_loss >= 0 && space.max_loss <= 1, space.max_loss);
  LITESTAGE_ASSERT(!space.least_accuracy || (*space.least_accuracy >= 0 && *space.least_accuracy <= 1));
}

// How many right answers are within the target, where full depth gives full_hits. Counted, so that plans are never
// compared by rounded fractions; a product that rounding moved off an integer is taken for the integer (0.29 of 100
// questions are 29, not 28.999999999999996).
[[nodiscard]] inline std::size_t least_hits(const SearchSpace& space, std::size_t full_hits) {
  constexpr double rounding = 1e-6;
  const double questions = static_cast<double>(space.questions);
  if (space.least_accuracy) {
    return static_cast<std::size_t>(std::ceil(std::max(0.0, *space.least_accuracy * questions - rounding)));
  }
  const auto loss = static_cast<std::size_t>(std::floor(space.max_loss * questions + rounding));
  return full_hits - std::min(full_hits, loss);
}

// Of one plan.
struct PlanRecord {
  std::vector<std::optional<Outcome>> outcomes;  // [questions]
  std::size_t tried = 0;
  std::size_t hits = 0;
};

class TrialBook {
 public:
  // Evaluates full depth: it sets the target.
  TrialBook(const SearchSpace& space, const Evaluator& evaluator, std::size_t expected)
      : space_(space), evaluator_(evaluator) {
    check_space(space);
    const Budgets full(space.stages.size(), 0);
    std::vector<Trial> trials;
    for (std::size_t q = 0; q < space.questions; ++q) trials.push_back({full, q});
    ask(trials, {space.order[0], 0, expected, full});
    least_hits_ = calibrate::least_hits(space, record(full).hits);
  }

  // The trials must be new. `progress` is told when they are done, with the number done filled in.
  void ask(std::span<const Trial> trials, SearchProgress progress) {
    const std::vector<Outcome> outcomes = evaluator_(trials);
    LITESTAGE_ASSERT(outcomes.size() == trials.size(), outcomes.size(), " outcomes of ", trials.size(), " trials");
    for (std::size_t i = 0; i < trials.size(); ++i) write(trials[i], outcomes[i]);
    done_ += trials.size();
    progress.done = done_;
    if (space_.on_progress) space_.on_progress(progress);
  }

  [[nodiscard]] const PlanRecord& record(const Budgets& budgets) {
    PlanRecord& found = plans_[budgets];
    found.outcomes.resize(space_.questions);
    return found;
  }
  [[nodiscard]] std::size_t done() const { return done_; }
  [[nodiscard]] std::size_t least_hits() const { return least_hits_; }
  [[nodiscard]] bool finished(const Budgets& budgets) { return record(budgets).tried == space_.questions; }

  // Means over the questions tried, added up in their order, so that equal outcomes give equal means.
  [[nodiscard]] Point point(std::size_t stage, const Budgets& budgets) {
    const PlanRecord& plan = record(budgets);
    Point point{stage, budgets, plan.tried};
    if (plan.tried == 0) return point;
    for (const std::optional<Outcome>& outcome : plan.outcomes) {
      if (!outcome) continue;
      point.seconds += outcome->seconds;
      point.tokens += outcome->tokens;
    }
    const double tried = static_cast<double>(plan.tried);
    point.accuracy = static_cast<double>(plan.hits) / tried;
    point.seconds /= tried;
    point.tokens /= tried;
    point.within_target = plan.tried == space_.questions && plan.hits >= least_hits_;
    return point;
  }

  // What a strategy returns: the best plan within the target, or full depth where there is none.
  [[nodiscard]] SearchResult result(const std::optional<Point>& best, std::vector<Point> points) {
    const Point full = point(space_.order[0], Budgets(space_.stages.size(), 0));
    SearchResult result;
    result.reached = best.has_value();
    result.full = full;
    result.best = best.value_or(full);
    result.budgets = result.best.budgets;
    result.target = static_cast<double>(least_hits_) / static_cast<double>(space_.questions);
    result.points = std::move(points);
    return result;
  }

 private:
  void write(const Trial& trial, const Outcome& outcome) {
    // A time that is no number would compare as the fastest.
    LITESTAGE_ASSERT(std::isfinite(outcome.seconds) && outcome.seconds >= 0, outcome.seconds, " seconds");
    LITESTAGE_ASSERT(outcome.tokens >= 0, outcome.tokens, " tokens");
    static_cast<void>(record(trial.budgets));
    PlanRecord& plan = plans_[trial.budgets];
    LITESTAGE_ASSERT(!plan.outcomes.at(trial.question), "question ", trial.question, " is asked twice");
    plan.outcomes[trial.question] = outcome;
    ++plan.tried;
    if (outcome.correct) ++plan.hits;
  }

  const SearchSpace& space_;
  const Evaluator& evaluator_;
  std::map<Budgets, PlanRecord> plans_;
  std::size_t done_ = 0;
  std::size_t least_hits_ = 0;
};

// Is this plan the better one? Faster; of equally fast ones that which skips less.
[[nodiscard]] inline bool better(const Point& a, const Point& b) {
  if (a.seconds != b.seconds) return a.seconds < b.seconds;
  int skipped_a = 0, skipped_b = 0;
  for (const int count : a.budgets) skipped_a += count;
  for (const int count : b.budgets) skipped_b += count;
  return skipped_a < skipped_b;
}

}  // namespace litestage::calibrate
