// Our own search: it finds about the same candidate as the exhaustive sweep of the paper, with a fraction of the
// trials.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/search/loss_test.hpp"
#include "litestage/calibrate/search/paired_trials.hpp"
#include "litestage/calibrate/search/score_test.hpp"
#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/search/trial_book.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/tasks/subset.hpp"

namespace litestage::calibrate {

// Searches axis by axis like ExhaustiveSweep, but tries the candidates of an axis on growing sets of questions and
// drops them as soon as they cannot win. The cheapest candidates so far go first; once one of them is within the target
// on all questions, more expensive ones need no more trials. Only a candidate tried on all questions can win, so the
// result is judged as the sweep judges it. The idea is that of Hoeffding races (Maron, Moore, NIPS 1993).
//
// A candidate is dropped when
//   - it cannot reach the target even if all remaining questions are answered as well as can be;
//   - its losses against the origin are improbable for a candidate within the target (`risk`, LossTest or, where scores
//     are judged, score_chance);
//   - even the lower bound of its cost (`deviations` standard errors below the estimate, paired by question) is not
//   lower
//     than the best candidate's cost by the share `slack`;
//   - its value lies above a block of values that lost more than `give_up` of the origin's correct answers, or whose
//     scores, all together, fail the second rule.
// The variance of the cost between questions is pooled over all candidates in the race, because the two or three
// questions of one candidate say little about it. On an axis with a small `rerun` a trial is cheaper while a wrong
// choice costs the same, so more trials are worth their time: `deviations` is divided by `rerun`.
//
// If the origin is always right (metric `agreement`), only the first rule judges accuracy, and it is exact. The
// questions that were lost most often then go first, which drops most candidates within a few questions. Otherwise a
// candidate may gain as well as lose, and the questions go in random order, as the second rule requires. The order is
// also random if the target is lenient (more than a fifth of the correct answers may be lost; the threshold is our
// own): a few losses then say little, and no block is given up.
struct Racing {
  static constexpr std::string_view name = "racing";
  static constexpr std::string_view summary = "tries values on growing sets of questions, drops those that cannot win";
  static constexpr std::size_t reach = 3;  // values on either side that later rounds try
  static constexpr double lenient = 0.2;   // share of the origin's correct answers

  // The defaults were tuned on simulated searches like those of tests/calibrate/search/racing.cpp, with three stages
  // and the metric `agreement`, and on the sweeps of docs/results/racing.md.
  int first = 2;
  int block = 6;
  int together = 2;
  float give_up = 0.6f;
  float risk = 0.01f;
  float deviations = 1.5f;
  float slack = 0.005f;
  int rounds = 1;
  std::uint64_t seed = 0;

  [[nodiscard]] SearchResult search(const SearchSpace& space, const Evaluator& evaluate) const;

  static constexpr auto fields() {
    return Fields(
        Field("first", &Racing::first, "number of questions in a candidate's first set", 1, 1 << 20),
        Field("block", &Racing::block, "candidates that start together, smallest values first", 1, 1 << 20),
        Field("together", &Racing::together, "candidates that go on together, cheapest first", 1, 1 << 20),
        Field("give_up", &Racing::give_up,
              "share of the origin's correct answers; if a block loses more, larger values are not tried; 1: never", 0,
              1),
        Field("risk", &Racing::risk,
              "a candidate is dropped if its losses are less probable than this for one within the target; 0: never", 0,
              1),
        Field("deviations", &Racing::deviations,
              "standard errors between a candidate's estimated cost and its lower bound, on an axis whose rerun is 1",
              0, 100),
        Field("slack", &Racing::slack,
              "a candidate is dropped unless its lower bound is this share of the best cost below it", 0, 1),
        Field("rounds", &Racing::rounds,
              "passes over the axes; from the second on, only values next to the best ones are tried", 1, 100),
        Field("seed", &Racing::seed, "seed of the order of the questions"));
  }
  friend bool operator==(const Racing&, const Racing&) = default;
};

// The state of one search by Racing.
class Race {
 public:
  Race(const Racing& settings, const SearchSpace& space, const Evaluator& evaluate)
      : settings_(settings),
        space_(space),
        book_(space, evaluate, space.questions * (1 + space.axes.size() * space.values.size())),
        origin_(space.axes.size(), 0),
        origin_record_(book_.record(origin_)),
        lenient_(!space.by_score && static_cast<double>(book_.least_hits()) <
                                        (1 - Racing::lenient) * static_cast<double>(origin_record_.hits)),
        hardest_first_(!space.by_score && origin_record_.hits == space.questions && !lenient_),
        losses_(space.questions, origin_record_.hits, book_.least_hits()),
        order_(tasks::random_order(space.questions, space.questions, settings.seed)),
        seen_(space.questions) {
    consider(book_.point(space.order[0], origin_));
  }

  [[nodiscard]] SearchResult run() {
    for (int round = 0; round < settings_.rounds; ++round) {
      const Candidate before = current();
      for (std::size_t i = 0; i < space_.order.size(); ++i) {
        const std::size_t races = space_.order.size() * (settings_.rounds - round) - i - 1;
        later_ = races * (space_.values.size() - 1) * space_.questions;
        race(space_.order[i], round == 0 ? space_.values.size() : Racing::reach);
      }
      if (round != 0 && current() == before) break;
    }
    return book_.result(best_, std::move(points_));
  }

 private:
  struct Rival {
    Candidate candidate;
    PairedCost slower = {};  // than the best candidate
    double cost = 0;         // estimated mean over all questions
    double least = 0;        // lower bound of `cost`
  };
  static constexpr auto unlimited = std::numeric_limits<std::size_t>::max();  // questions
  struct Seen {  // trials of one question over all candidates
    int tried = 0, lost = 0;
  };

  [[nodiscard]] const Candidate& current() const { return best_ ? best_->candidate : origin_; }

  void race(std::size_t axis, std::size_t reach) {
    const std::vector<Candidate> candidates = neighbours(axis, reach);
    std::vector<Rival> rivals = open(axis, candidates);
    while (true) {
      estimate(axis, rivals);
      std::erase_if(rivals, [&](const Rival& rival) { return leaves_race(rival); });
      if (rivals.empty()) break;
      std::stable_sort(rivals.begin(), rivals.end(), [](const Rival& a, const Rival& b) { return a.cost < b.cost; });
      std::vector<Candidate> next;
      for (std::size_t i = 0; i < std::min<std::size_t>(rivals.size(), settings_.together); ++i) {
        next.push_back(rivals[i].candidate);
      }
      std::size_t left = later_;
      for (const Rival& rival : rivals) left += space_.questions - book_.record(rival.candidate).tried;
      ask(axis, next, left);
    }
    for (const Candidate& candidate : candidates) {
      if (book_.record(candidate).tried != 0) points_.push_back(book_.point(axis, candidate));
    }
  }

  // The current candidate, and those that differ from it only on this axis, by up to `reach` values.
  [[nodiscard]] std::vector<Candidate> neighbours(std::size_t axis, std::size_t reach) const {
    std::vector<Candidate> candidates;
    const auto here = std::find(space_.values.begin(), space_.values.end(), current()[axis]);
    const std::size_t at = here - space_.values.begin();
    for (std::size_t i = at - std::min(at, reach); i < space_.values.size() && i <= at + reach; ++i) {
      candidates.push_back(current());
      candidates.back()[axis] = space_.values[i];
    }
    return candidates;
  }

  // Tries every candidate on a first set of questions, block by block, until a block loses too many answers.
  [[nodiscard]] std::vector<Rival> open(std::size_t axis, std::vector<Candidate> candidates) {
    std::erase_if(candidates, [&](const Candidate& candidate) { return book_.record(candidate).tried != 0; });
    std::vector<Rival> rivals;
    const std::size_t size = settings_.block;
    for (std::size_t i = 0; i < candidates.size(); i += size) {
      const auto from = candidates.begin() + i;
      const std::vector<Candidate> block(from, from + std::min(size, candidates.size() - i));
      std::size_t left = later_ + (candidates.size() - i) * space_.questions;
      for (const Rival& rival : rivals) left += space_.questions - book_.record(rival.candidate).tried;
      ask(axis, block, left);
      for (const Candidate& candidate : block) rivals.push_back({candidate});
      if (space_.by_score ? scores_too_low(block) : loses_too_much(block)) break;
    }
    return rivals;
  }
  [[nodiscard]] bool loses_too_much(const std::vector<Candidate>& block) {
    AgainstOrigin sum;
    for (const Candidate& candidate : block) {
      const AgainstOrigin counts = against_origin(book_.record(candidate), origin_record_);
      sum.right += counts.right;
      sum.lost += counts.lost;
    }
    const double many = settings_.give_up * static_cast<double>(sum.right);
    return !lenient_ && static_cast<double>(sum.lost) > many;
  }
  // Candidates of a block are no random sample, so the test is only a measure here.
  [[nodiscard]] bool scores_too_low(const std::vector<Candidate>& block) {
    std::vector<double> all;
    for (const Candidate& candidate : block) {
      const std::vector<double> own = score_differences(book_.record(candidate), origin_record_);
      all.insert(all.end(), own.begin(), own.end());
    }
    return settings_.give_up < 1 && improbable(score_chance(all, least_difference(), unlimited));
  }
  [[nodiscard]] bool improbable(double chance) const { return chance < settings_.risk; }
  // The mean difference to the origin's scores that reaches the target.
  [[nodiscard]] double least_difference() { return book_.least_score() - book_.point(0, origin_).score; }

  // Tries each candidate on its next questions: a first set, then half as many as it was tried on so far.
  void ask(std::size_t axis, const std::vector<Candidate>& candidates, std::size_t left) {
    std::vector<Trial> trials;
    for (const Candidate& candidate : candidates) {
      const std::size_t size = std::max<std::size_t>(settings_.first, (book_.record(candidate).tried + 1) / 2);
      for (const std::size_t question : next_questions(candidate, size)) trials.push_back({candidate, question});
    }
    book_.ask(trials, {.axis = axis, .expected = book_.done() + left, .best = current()});
    for (const Trial& trial : trials) {
      Seen& seen = seen_[trial.question];
      ++seen.tried;
      if (!book_.record(trial.candidate).outcomes[trial.question]->correct) ++seen.lost;
    }
    for (const Candidate& candidate : candidates) consider(book_.point(axis, candidate));
  }

  // A set starts in `order_` where the previous set (of any candidate) ended, so that a block covers many questions.
  [[nodiscard]] std::vector<std::size_t> next_questions(const Candidate& candidate, std::size_t size) {
    const CandidateRecord& record = book_.record(candidate);
    std::vector<std::size_t> questions;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const std::size_t question = order_[(turn_ + i) % order_.size()];
      if (!record.outcomes[question]) questions.push_back(question);
    }
    size = std::min(size, questions.size());
    turn_ = (turn_ + size) % order_.size();
    if (hardest_first_) {  // a question never tried counts as lost every other time
      const auto hardness = [&](std::size_t q) { return (seen_[q].lost + 0.5) / (seen_[q].tried + 1.0); };
      std::stable_sort(questions.begin(), questions.end(),
                       [&](std::size_t a, std::size_t b) { return hardness(a) > hardness(b); });
    }
    questions.resize(size);
    return questions;
  }

  void consider(const Point& point) {
    if (point.within_target && (!best_ || better(point, *best_))) best_ = point;
  }

  void estimate(std::size_t axis, std::vector<Rival>& rivals) {
    const CandidateRecord& best = book_.record(current());
    const double best_cost = book_.point(axis, current()).cost;
    double squares = 0, degrees = 0;
    for (Rival& rival : rivals) {
      rival.slower = paired_cost(book_.record(rival.candidate), best);
      squares += rival.slower.squares;
      degrees += static_cast<double>(rival.slower.tried - 1);
    }
    const double variance = degrees > 0 ? squares / degrees : std::numeric_limits<double>::infinity();
    const double share = space_.rerun.empty() ? 1 : space_.rerun[axis];
    const double deviations = settings_.deviations / share;
    for (Rival& rival : rivals) {
      rival.cost = best_cost + rival.slower.mean;
      const double error = standard_error(variance, rival.slower.tried, space_.questions);
      // The error may be infinite, and 0 * infinity is NaN.
      rival.least = deviations == 0 ? rival.cost : std::fma(-deviations, error, rival.cost);
    }
  }

  [[nodiscard]] bool leaves_race(const Rival& rival) {
    const CandidateRecord& record = book_.record(rival.candidate);
    if (record.tried == space_.questions || !book_.can_reach(record)) return true;
    if (best_ && rival.least >= best_->cost * (1 - static_cast<double>(settings_.slack))) return true;
    if (space_.by_score)
      return improbable(score_chance(score_differences(record, origin_record_), least_difference(), space_.questions));
    return !hardest_first_ && improbable(losses_.chance(against_origin(record, origin_record_)));
  }

  const Racing& settings_;
  const SearchSpace& space_;
  TrialBook book_;
  Candidate origin_;
  const CandidateRecord& origin_record_;
  bool lenient_;
  bool hardest_first_;
  LossTest losses_;
  std::vector<std::size_t> order_;  // [questions]
  std::size_t turn_ = 0;            // position in order_ where the next set starts
  std::vector<Seen> seen_;          // [questions]
  std::optional<Point> best_;       // tried on all questions and within the target
  std::vector<Point> points_;
  std::size_t later_ = 0;  // upper bound of the trials of the races after the current one
};

inline SearchResult Racing::search(const SearchSpace& space, const Evaluator& evaluate) const {
  return Race(*this, space, evaluate).run();
}

}  // namespace litestage::calibrate
