// The budget search (LiteStage, arXiv 2510.14211, step 2): how many sub-layers each stage may skip. What is searched,
// what an evaluation yields, and the concept of a strategy. Strategies: exhaustive_sweep.hpp (the paper), racing.hpp.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace litestage::calibrate {

// How many sub-layers each stage skips: the first so many of one ranking that all stages share.
using Budgets = std::vector<int>;  // [stages]

// One question under one plan, all stages.
struct Outcome {
  bool correct = false;  // by the metric of the search
  double seconds = 0;    // at batch 1, predicted or measured
  int tokens = 0;        // generated
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct Trial {
  Budgets budgets;
  std::size_t question = 0;
  friend bool operator==(const Trial&, const Trial&) = default;
};

// One outcome to each trial, in their order. The trials of one call may share ragged batches. What it throws ends the
// search: a strategy keeps nothing, so an evaluator with a journal can be asked all over again.
using Evaluator = std::function<std::vector<Outcome>(std::span<const Trial>)>;

struct SearchProgress {
  std::size_t stage = 0;     // being searched
  std::size_t done = 0;      // trials of the whole search so far
  std::size_t expected = 0;  // trials of the whole search; at most so many, where outcomes decide what is tried
  Budgets best;              // fastest plan known to be within the target; full depth before there is one
};

struct SearchSpace {
  std::vector<std::string> stages;  // names, in the order of the schedule
  std::vector<std::size_t> order;   // of the search, every stage once: the paper takes the slowest first
  std::vector<int> counts;          // candidates for every stage, ascending, 0 first
  // Of full depth's time, what runs again where a stage has another count: the stage and those after it. [stages],
  // above 0, at most 1; empty: everything.
  std::vector<double> rerun = {};
  std::size_t questions = 0;                                    // a trial's question is below it
  double max_loss = 0;                                          // accuracy that a plan may lose against full depth
  std::optional<double> least_accuracy = {};                    // in place of full depth's less max_loss
  std::function<void(const SearchProgress&)> on_progress = {};  // after every call of the evaluator
};

// What is known of a plan: means over the questions that were tried.
struct Point {
  std::size_t stage = 0;  // whose search tried it
  Budgets budgets;
  std::size_t questions = 0;
  double accuracy = 0, seconds = 0, tokens = 0;
  bool within_target = false;  // only a plan that was tried on all questions can be
  friend bool operator==(const Point&, const Point&) = default;
};

struct SearchResult {
  Budgets budgets;            // the plan; full depth where none is within the target
  bool reached = false;       // whether the plan is within the target
  double target = 0;          // the least share of right answers that is within it: an integer over the questions
  Point full, best;           // best: of `budgets`
  std::vector<Point> points;  // every plan tried, stage by stage, full depth (of the first stage) first
  friend bool operator==(const SearchResult&, const SearchResult&) = default;
};

template <class S>
concept Searches = requires(const S& s, const SearchSpace& space, const Evaluator& evaluate) {
  { s.search(space, evaluate) } -> std::same_as<SearchResult>;
};

// Which budgets are tried, and in which order?
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
