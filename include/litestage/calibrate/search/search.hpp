// Searches over candidates (LiteStage, arXiv 2510.14211, step 2, searches the budgets of a plan). A candidate is a
// value on each of some axes; it has an accuracy and a cost on questions. A search looks for the candidate of the
// lowest cost whose accuracy reaches a target. Strategies: exhaustive_sweep.hpp (the paper), racing.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace litestage::calibrate {

// The budgets of a plan are a candidate: an axis is a stage, a value the number of sub-layers that it skips. An early
// exit or the setting of a baseline is one as well: there is one axis, and a value is a place in a list.
using Candidate = std::vector<int>;  // [axes]

// One question under one candidate.
struct Outcome {
  bool correct = false;  // by the metric of the search
  double cost = 0;       // seconds at batch 1, or whatever else is to become small
  int tokens = 0;        // generated
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Trial {
  Candidate candidate;
  std::size_t question = 0;
  friend bool operator==(const Trial&, const Trial&) = default;
};

// Returns one outcome for each trial, in their order. The trials of one call may share ragged batches. What it throws
// ends the search: a strategy keeps nothing, so an evaluator with a journal can be asked all over again.
using Evaluator = std::function<std::vector<Outcome>(std::span<const Trial>)>;

struct SearchProgress {
  std::size_t axis = 0;      // being searched
  std::size_t done = 0;      // trials of the whole search so far
  std::size_t expected = 0;  // trials of the whole search; an upper bound where outcomes decide what is tried
  Candidate best;            // cheapest candidate known to reach the target; the origin before there is one
};

// The origin is the candidate of the first value on every axis: full depth, no exit. It sets the target.
struct SearchSpace {
  std::vector<std::string> axes;   // names
  std::vector<std::size_t> order;  // in which axes are searched, each once: the paper takes the slowest stage first
  std::vector<int> values;         // tried on every axis, ascending, 0 first
  // Share of the origin's cost that must be recomputed when the value on this axis changes: a stage's and that of the
  // stages after it. [axes], above 0, at most 1; empty: everything.
  std::vector<double> rerun = {};
  std::size_t questions = 0;                                    // a trial's question is below it
  double max_loss = 0;                                          // accuracy that may be lost against the origin
  std::optional<double> least_accuracy = {};                    // in place of the origin's less max_loss
  std::function<void(const SearchProgress&)> on_progress = {};  // called after every call of the evaluator
};

// What is known of a candidate: means over the questions that were tried.
struct Point {
  std::size_t axis = 0;  // whose search tried it
  Candidate candidate;
  std::size_t questions = 0;
  double accuracy = 0, cost = 0, tokens = 0;
  bool within_target = false;  // only a candidate that was tried on all questions can be
  friend bool operator==(const Point&, const Point&) = default;
};

struct SearchResult {
  bool reached = false;  // whether `best` reaches the target
  double target = 0;     // least share of right answers that reaches it: a whole number over the questions
  Point origin;
  Point best;                 // the origin where no candidate reaches the target
  std::vector<Point> points;  // every candidate tried, axis by axis, the origin (of the first axis) first
  friend bool operator==(const SearchResult&, const SearchResult&) = default;
};

template <class S>
concept Searches = requires(const S& s, const SearchSpace& space, const Evaluator& evaluate) {
  { s.search(space, evaluate) } -> std::same_as<SearchResult>;
};

// A strategy says which candidates are tried, and in which order.
template <class S>
concept SearchStrategy = std::copyable<S> && Searches<S>;

// What a strategy lacks, in words: static_assert(CheckSearchStrategy<MyStrategy>::passed);
template <class S>
struct CheckSearchStrategy {
  static constexpr bool copies = std::copyable<S>;
  static_assert(copies, "a search strategy is an immutable value: its type must be copyable and assignable");
  static constexpr bool passed = SearchStrategy<S>;
  static_assert(!copies || passed,
                "a search strategy searches: SearchResult search(const SearchSpace&, const Evaluator&) const");
};

}  // namespace litestage::calibrate
