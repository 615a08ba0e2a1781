// Selects questions from a data set.
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

#include "litestage/core/fnv1a.hpp"
#include "litestage/core/split_mix64.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/tasks/subset.hpp"

namespace litestage::tasks {

LITESTAGE_INLINE std::vector<Question> first_questions(std::span<const Question> questions, std::size_t n) {
  const std::span<const Question> part = questions.first(std::min(n, questions.size()));
  return {part.begin(), part.end()};
}

LITESTAGE_INLINE std::vector<std::size_t> random_order(std::size_t size, std::size_t n, std::uint64_t seed) {
  SplitMix64 random(seed);
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  n = std::min(n, size);
  for (std::size_t i = 0; i < n; ++i) std::swap(order[i], order[i + random.below(size - i)]);
  order.resize(n);
  return order;
}

LITESTAGE_INLINE std::string content_hash(const Question& question) {
  const auto plain = [](std::string_view text) {
    std::string kept;
    for (const char c : text) {
      if (c >= 'A' && c <= 'Z')
        kept += static_cast<char>(c + ('a' - 'A'));
      else if (static_cast<unsigned char>(c) > ' ')
        kept += c;
    }
    return kept;
  };
  std::vector<std::string> options;
  for (const std::string& option : question.options) options.push_back(plain(option));
  std::sort(options.begin(), options.end());
  Fnv1a hash;
  hash.add(plain(question.stem));
  for (const std::string& option : options) {
    hash.add(std::byte{0});
    hash.add(option);
  }
  for (const auto& [key, text] : question.fields) {
    hash.add(std::byte{0});
    hash.add(plain(key));
    hash.add(std::byte{0});
    hash.add(plain(text));
  }
  return hexadecimal(hash.value());
}

LITESTAGE_INLINE std::vector<Question> questions_without(std::span<const Question> questions,
                                                         std::span<const Question> others) {
  std::vector<std::string> left_out;
  for (const Question& q : others) left_out.push_back(content_hash(q));
  std::sort(left_out.begin(), left_out.end());
  std::vector<Question> kept;
  for (const Question& q : questions) {
    if (!std::binary_search(left_out.begin(), left_out.end(), content_hash(q))) kept.push_back(q);
  }
  return kept;
}

}  // namespace litestage::tasks
