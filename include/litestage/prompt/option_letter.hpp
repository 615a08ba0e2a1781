// The letters of a question's options, and the index that means "no option".
#pragma once

#include <cstddef>

#include "litestage/core/error.hpp"

namespace litestage {

inline constexpr int no_answer = -1;            // no option: no answer was found
inline constexpr std::size_t max_options = 26;  // one per letter of the alphabet

[[nodiscard]] inline char option_letter(std::size_t option) {
  LITESTAGE_ASSERT(option < max_options, option);
  return static_cast<char>('A' + option);
}

}  // namespace litestage
