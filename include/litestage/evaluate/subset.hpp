// A part of a question set. Programs take the first N questions (`--questions N`): anyone can name that part without
// knowing a generator. A seeded sample serves where several different parts are wanted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "litestage/policy/transcript.hpp"

namespace litestage::evaluate {

// The first n questions; all of them where there are fewer.
[[nodiscard]] inline std::vector<Question> first_questions(std::span<const Question> questions, std::size_t n) {
  const std::span<const Question> part = questions.first(std::min(n, questions.size()));
  return {part.begin(), part.end()};
}

// n questions drawn without repetition, in the order of the file; all of them where there are fewer. The draw depends
// on n, the seed and the number of questions alone, on every platform: a partial Fisher-Yates shuffle fed by SplitMix64
// (Steele, Lea, Flood, OOPSLA 2014). Taking a 64-bit draw modulo the number left is biased by less than 2^-40 here.
[[nodiscard]] inline std::vector<Question> sample_questions(std::span<const Question> questions, std::size_t n,
                                                            std::uint64_t seed) {
  std::uint64_t state = seed;
  const auto draw = [&state] {
    std::uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  };
  std::vector<std::size_t> order(questions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  n = std::min(n, order.size());
  for (std::size_t i = 0; i < n; ++i) std::swap(order[i], order[i + draw() % (order.size() - i)]);
  order.resize(n);
  std::sort(order.begin(), order.end());
  std::vector<Question> part;
  part.reserve(n);
  for (const std::size_t i : order) part.push_back(questions[i]);
  return part;
}

}  // namespace litestage::evaluate
