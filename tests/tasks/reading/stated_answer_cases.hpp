// Texts with the answers that a reader finds in them.
#pragma once

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "litestage/tasks/reading/stated_answer.hpp"

namespace litestage::test {

struct ReadingCase {
  std::string text;
  char answer;  // '-' for none
};

inline const std::vector<std::string> places = {"Beach", "Desert", "Carbon", "Alps"};

[[nodiscard]] inline char reading(const std::string& text, const std::vector<std::string>& options,
                                  const std::string& opening = "") {
  const int option = tasks::stated_answer(text, options, opening);
  return option == no_answer ? '-' : static_cast<char>('A' + option);
}

inline void check_readings(const std::vector<std::string>& options, const std::vector<ReadingCase>& cases,
                           const std::string& opening = "") {
  for (const ReadingCase& c : cases) {
    CAPTURE(c.text);
    CHECK(std::string(1, reading(c.text, options, opening)) == std::string(1, c.answer));
  }
}

}  // namespace litestage::test
