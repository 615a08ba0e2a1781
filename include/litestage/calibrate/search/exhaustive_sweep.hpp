// The budget search of the paper: greedy over the axes (stages), exhaustive within each axis.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/search/trial_book.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::calibrate {

// LiteStage (arXiv 2510.14211), step 2, from the authors' overview figure. The axes are searched in the order of the
// search space. On each axis every value is evaluated, with earlier axes at the values found for them and later axes at
// the origin; the cheapest candidate within the target is frozen. There is no early stop: in the figure's own table 1
// and 2 skipped sub-layers fail, 3 and 4 pass, and 8 are slower than 0. Our choices where the paper is silent: of
// equally cheap values the smallest wins, and an axis without a value within the target stays at the origin.
struct ExhaustiveSweep {
  static constexpr std::string_view name = "exhaustive_sweep";
  static constexpr std::string_view summary = "tries every value of every stage, slowest stage first (LiteStage)";

  int per_call = 256;  // trials; fills whole batches, and progress is reported every few minutes

  [[nodiscard]] SearchResult search(const SearchSpace& space, const Evaluator& evaluate) const {
    const std::size_t expected = space.questions * (1 + space.order.size() * (space.values.size() - 1));
    TrialBook book(space, evaluate, expected);
    const Candidate origin(space.axes.size(), 0);
    std::optional<Point> best;
    std::vector<Point> points;
    for (const std::size_t axis : space.order) {
      const Candidate frozen = best ? best->candidate : origin;
      ask_stage(space, book, {.axis = axis, .expected = expected, .best = frozen});
      for (const int value : space.values) {
        Candidate candidate = frozen;
        candidate[axis] = value;
        points.push_back(book.point(axis, candidate));
        if (points.back().within_target && (!best || better(points.back(), *best))) best = points.back();
      }
    }
    return book.result(best, std::move(points));
  }

  static constexpr auto fields() {
    return Fields(Field("per_call", &ExhaustiveSweep::per_call, "trials that are evaluated together", 1, 1 << 20));
  }
  friend bool operator==(const ExhaustiveSweep&, const ExhaustiveSweep&) = default;

 private:
  // Evaluates all values of one axis but 0, whose candidate is known. Trials of one candidate are adjacent, because
  // they skip the same sub-layers.
  void ask_stage(const SearchSpace& space, TrialBook& book, const SearchProgress& progress) const {
    std::vector<Trial> trials;
    for (const int value : space.values) {
      if (value == 0) continue;
      Candidate candidate = progress.best;
      candidate[progress.axis] = value;
      for (std::size_t q = 0; q < space.questions; ++q) trials.push_back({candidate, q});
    }
    const std::span<const Trial> all(trials);
    const std::size_t most = per_call;
    for (std::size_t i = 0; i < all.size(); i += most)
      book.ask(all.subspan(i, std::min(most, all.size() - i)), progress);
  }
};

}  // namespace litestage::calibrate
