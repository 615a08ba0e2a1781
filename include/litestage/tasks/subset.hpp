// A part of a question set. Programs take the first N questions (`--questions N`): anyone can name that part without
// knowing a generator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/core/split_mix64.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::tasks {

// The first n questions; all of them where there are fewer.
[[nodiscard]] std::vector<Question> first_questions(std::span<const Question> questions, std::size_t n);

// The first n of 0 .. size - 1 in a random order, n at most size. They depend on n, the seed and the size alone, on
// every platform: a partial Fisher-Yates shuffle.
[[nodiscard]] std::vector<std::size_t> random_order(std::size_t size, std::size_t n, std::uint64_t seed);

// Sixteen digits that stand for what a question asks, its stem and its options: files give the same question other ids,
// and other questions the same. Case, blanks and the order of the options do not count.
[[nodiscard]] std::string content_hash(const Question& question);

// Those that are not among the others, whatever their ids.
[[nodiscard]] std::vector<Question> questions_without(std::span<const Question> questions,
                                                      std::span<const Question> others);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/subset.hpp"
#endif
