// The options of a question: their letters, and how "none of them" is written as an index.
#pragma once

#include <cstddef>

#include "litestage/core/error.hpp"

namespace litestage {

inline constexpr int no_answer = -1;            // as a prediction: none could be read; as gold: unknown
inline constexpr std::size_t max_options = 26;  // there is a letter for each

[[nodiscard]] inline char option_letter(std::size_t option) {
  LITESTAGE_ASSERT(option < max_options, option);
  return static_cast<char>('A' + option);
}

}  // namespace litestage
