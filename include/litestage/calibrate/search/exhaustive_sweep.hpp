// The budget search of the paper: greedy over the stages, exhaustive within each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "litestage/calibrate/search/search.hpp"
#include "litestage/calibrate/search/trial_book.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::calibrate {

// LiteStage (arXiv 2510.14211), step 2, from the authors' overview figure: every count of a stage is evaluated, with
// the stages before it in the order of the search as decided and those after it at full depth; of the counts within the
// target the fastest is frozen. There is no early stop: the figure's own table fails at 1 and 2 skipped sub-layers,
// passes at 3 and 4, and is slower at 8 than at 0. Ours, as the paper is silent: of equally fast counts the smallest is
// taken, and a stage without a count within the target stays at full depth.
struct ExhaustiveSweep {
  static constexpr std::string_view name = "exhaustive_sweep";
  static constexpr std::string_view summary = "tries every count of every stage, slowest stage first (LiteStage)";

  int per_call = 256;  // trials; enough for full batches, and a few minutes between two reports of progress

  [[nodiscard]] SearchResult search(const SearchSpace& space, const Evaluator& evaluate) const {
    const std::size_t expected = space.questions * (1 + space.order.size() * (space.values.size() - 1));
    TrialBook book(space, evaluate, expected);
    const Candidate origin(space.axes.size(), 0);
    std::optional<Point> best;
    std::vector<Point> points;
    for (const std::size_t axis : space.order) {
      const Candidate frozen = best ? best->candidate : origin;
      ask_stage(space, book, {axis, 0, expected, frozen});
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
    return std::tuple(Field("per_call", &ExhaustiveSweep::per_call, "trials that are evaluated together", 1, 1 << 20));
  }
  friend bool operator==(const ExhaustiveSweep&, const ExhaustiveSweep&) = default;

 private:
  // All counts but 0, which is the plan frozen so far and known. Trials of one count are neighbours: they skip alike.
  void ask_stage(const SearchSpace& space, TrialBook& book, const SearchProgress& progress) const {
    std::vector<Trial> trials;
    for (const int value : space.values) {
      if (value == 0) continue;
      Candidate candidate = progress.best;
      candidate[progress.axis] = value;
      for (std::size_t q = 0; q < space.questions; ++q) trials.push_back({candidate, q});
    }
    const std::span<const Trial> all(trials);
    const std::size_t most = static_cast<std::size_t>(per_call);
    for (std::size_t i = 0; i < all.size(); i += most)
      book.ask(all.subspan(i, std::min(most, all.size() - i)), progress);
  }
};

}  // namespace litestage::calibrate
