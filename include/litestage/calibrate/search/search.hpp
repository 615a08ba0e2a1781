// Searches over candidates. (Step 2 of LiteStage, arXiv 2510.14211, searches the budgets of a plan.) A candidate has a
// value on each axis of the search space, and an accuracy and a cost on questions. A search looks for the cheapest
// candidate whose accuracy reaches a target. Strategies: exhaustive_sweep.hpp (the paper), racing.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace litestage::calibrate {

// For the budgets of a plan, an axis is a stage and a value is the number of sub-layers that it skips. An early exit or
// the setting of a baseline is a candidate on a single axis, whose value is an index into a list.
using Candidate = std::vector<int>;  // [axes]

// One question under one candidate.
struct Outcome {
  bool correct = false;  // by the metric of the search
  double cost = 0;       // the quantity to be minimised, e.g. seconds at batch 1
  int tokens = 0;        // generated
  double score = 0;      // by a metric of scores: a log-probability, at most 0
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Trial {
  Candidate candidate;
  std::size_t question = 0;
  friend bool operator==(const Trial&, const Trial&) = default;
};

// Returns one outcome per trial, in order. The trials of one call may share ragged batches. An exception ends the
// search. A strategy keeps no state, so the search is started again, and an evaluator with a journal returns the
// finished trials at once.
using Evaluator = std::function<std::vector<Outcome>(std::span<const Trial>)>;

struct SearchProgress {
  std::size_t axis = 0;      // being searched
  std::size_t done = 0;      // trials of the whole search so far
  std::size_t expected = 0;  // trials of the whole search; an upper bound if outcomes decide which trials follow
  Candidate best;            // cheapest candidate known to reach the target, else the origin
};

// The origin is the candidate with the first value on every axis: full depth, no exit. The target is relative to it.
struct SearchSpace {
  std::vector<std::string> axes;  // names
  // Order in which axes are searched, each once; the paper starts with the slowest stage.
  std::vector<std::size_t> order;
  std::vector<int> values;  // tried on every axis, ascending, 0 first
  // Share of the origin's cost that must be recomputed when the value on this axis changes: for budgets, the share of
  // the stage and all later stages. [axes], above 0, at most 1; empty: everything is recomputed.
  std::vector<double> rerun = {};
  std::size_t questions = 0;                  // number of questions; Trial::question is smaller
  bool by_score = false;                      // the mean score is judged, in place of the accuracy
  double max_loss = 0;                        // accuracy or mean score that may be lost against the origin
  std::optional<double> least_accuracy = {};  // replaces the origin's accuracy or mean score less max_loss
  std::function<void(const SearchProgress&)> on_progress = {};  // called after every call of the evaluator
};

// The results of a candidate: means over the questions tried.
struct Point {
  std::size_t axis = 0;  // axis in whose search it was tried
  Candidate candidate;
  std::size_t questions = 0;
  double accuracy = 0, cost = 0, tokens = 0;
  bool within_target = false;  // true only for a candidate tried on all questions
  double score = 0;            // mean over the questions tried
  friend bool operator==(const Point&, const Point&) = default;
};

struct SearchResult {
  bool reached = false;  // whether `best` reaches the target
  // Smallest share of correct answers that reaches it, a multiple of 1 / questions; or the smallest mean score.
  double target = 0;
  Point origin;
  Point best;                 // the origin if no candidate reaches the target
  std::vector<Point> points;  // every candidate tried, axis by axis; the origin (on the first axis) comes first
  friend bool operator==(const SearchResult&, const SearchResult&) = default;
};

template <class S>
concept Searches = requires(const S& s, const SearchSpace& space, const Evaluator& evaluate) {
  { s.search(space, evaluate) } -> std::same_as<SearchResult>;
};

// A strategy decides which candidates are tried, and in which order.
template <class S>
concept SearchStrategy = std::copyable<S> && Searches<S>;

// A type-erased strategy, so that the phases of a calibration are compiled once for all strategies.
class AnyStrategy {
 public:
  // Stores a copy of the strategy. Implicit, so that a function that takes AnyStrategy takes every strategy.
  template <class S>
  requires(!std::same_as<S, AnyStrategy> && SearchStrategy<S>) AnyStrategy(S strategy)
      : search_([strategy = std::move(strategy)](const SearchSpace& space, const Evaluator& evaluate) {
          return strategy.search(space, evaluate);
        }) {}

  [[nodiscard]] SearchResult search(const SearchSpace& space, const Evaluator& evaluate) const {
    return search_(space, evaluate);
  }

 private:
  std::function<SearchResult(const SearchSpace&, const Evaluator&)> search_;
};

// Says in words what a strategy lacks: static_assert(CheckSearchStrategy<MyStrategy>::passed);
template <class S>
struct CheckSearchStrategy {
  static constexpr bool copies = std::copyable<S>;
  static_assert(copies, "a search strategy is an immutable value: its type must be copyable and assignable");
  static constexpr bool passed = SearchStrategy<S>;
  static_assert(!copies || passed,
                "a search strategy searches: SearchResult search(const SearchSpace&, const Evaluator&) const");
};

}  // namespace litestage::calibrate
