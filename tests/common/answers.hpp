// Answers of multiple-choice questions by the indices of their options; -1: none.
#pragma once

#include <vector>

#include "litestage/prompt/answer.hpp"

namespace litestage::test {

[[nodiscard]] inline Gold gold(int option) {
  return option == no_answer ? Gold{} : Gold{letter_answer(option)};
}
[[nodiscard]] inline std::vector<Answer> letters(const std::vector<int>& options) {
  std::vector<Answer> list;
  for (const int option : options) list.push_back(letter_answer(option));
  return list;
}
[[nodiscard]] inline std::vector<Gold> golds(const std::vector<int>& options) {
  std::vector<Gold> list;
  for (const int option : options) list.push_back(gold(option));
  return list;
}

}  // namespace litestage::test
