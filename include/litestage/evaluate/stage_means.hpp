// Means of stage reports over questions: each number of a StageReport (engine/report.hpp) has its mean.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include "litestage/engine/report.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::evaluate {

// Calls f(sum, number) for every number of `part` and the member of `sums` at the same position in fields().
template <class Sums, class Part, class F>
void for_each_number(Sums& sums, const Part& part, F f) {
  constexpr auto to = Sums::fields();
  constexpr auto from = Part::fields();
  static_assert(to.size == from.size);
  const auto one = [&]<std::size_t i>(std::integral_constant<std::size_t, i>) {
    auto& sum = sums.*field_at<i>(to).member;
    if constexpr (!std::same_as<std::remove_cvref_t<decltype(sum)>, std::string>)
      f(sum, part.*field_at<i>(from).member);
  };
  [&]<std::size_t... i>(std::index_sequence<i...>) {
    (one(std::integral_constant<std::size_t, i>{}), ...);
  }
  (std::make_index_sequence<to.size>{});
}

// Adds the counts of one stage, each divided by `divisor`.
inline void add_counts(StageCounts<double>& sums, const StageCounts<int>& stage, double divisor = 1) {
  sums.name = stage.name;
  for_each_number(sums, stage, [&](double& sum, auto number) { sum += number / divisor; });
}
inline void add_times(StageTimes& sums, const StageTimes& stage, double divisor = 1) {
  for_each_number(sums, stage, [&](double& sum, double seconds) { sum += seconds / divisor; });
}

// Turns sums into means.
template <class Sums>
void divide_by(Sums& sums, double divisor) {
  for_each_number(sums, sums, [&](double& sum, double) { sum /= divisor; });
}

}  // namespace litestage::evaluate
