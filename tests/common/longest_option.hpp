// A control on question sets: whether the length of an option gives the answer away.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>

#include "litestage/evaluate/metrics.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::test {

// The longest option (in Unicode code points; the first of equals). In OpenBookQA it is right in more than 36 % of the
// test questions, so length gives answers away there.
[[nodiscard]] inline evaluate::Proportion longest_option(std::span<const Question> questions) {
  const auto code_points = [](std::string_view text) {
    return std::count_if(text.begin(), text.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
  };
  std::size_t right = 0, known = 0;
  for (const Question& q : questions) {
    if (q.gold.empty()) continue;
    ++known;
    const auto longest = std::max_element(q.options.begin(), q.options.end(), [&](const auto& a, const auto& b) {
      return code_points(a) < code_points(b);
    });
    if (is_right(letter_answer(static_cast<int>(longest - q.options.begin())), q.gold)) ++right;
  }
  return evaluate::proportion(right, known);
}

}  // namespace litestage::test
