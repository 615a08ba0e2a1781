// Subsets of a question set. Programs take the first N questions (`--questions N`), a subset that can be stated without
// a random generator.
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

// The first n questions, or all if there are fewer.
[[nodiscard]] std::vector<Question> first_questions(std::span<const Question> questions, std::size_t n);

// The first n elements of a random permutation of 0 .. size - 1, with n at most size. They depend only on n, the seed
// and the size, on every platform: a partial Fisher-Yates shuffle.
[[nodiscard]] std::vector<std::size_t> random_order(std::size_t size, std::size_t n, std::uint64_t seed);

// A hash of sixteen digits over a question's stem, options and other fields. Ids are not suitable to compare questions:
// files give the same question different ids, and different questions the same id. Case, spaces and the order of the
// options do not count.
[[nodiscard]] std::string content_hash(const Question& question);

// The questions whose content is not among `others`, regardless of their ids.
[[nodiscard]] std::vector<Question> questions_without(std::span<const Question> questions,
                                                      std::span<const Question> others);

}  // namespace litestage::tasks

#if LITESTAGE_HEADER_ONLY
#include "litestage/tasks/definitions/subset.hpp"
#endif
