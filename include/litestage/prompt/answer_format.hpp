// How a schedule's last stage states its answer: for reading it from the text, and for scoring option letters.
#pragma once

#include <cstdint>
#include <string>

namespace litestage {

// How an answer is read from a text. The rules themselves are in tasks/answers.hpp.
enum class AnswerRule : std::uint8_t {
  stated,       // as a reader would: the last statement of the answer, in letters or in the option's own words
  tiny_thinker  // the first match of "the answer is option ([A-Z])\.", as TinyThinker's evaluation (generate.py:148)
};

struct AnswerFormat {
  AnswerRule rule = AnswerRule::stated;
  std::string probe = {};          // appended to the last stage's prompt to score letters
  std::string letter_prefix = {};  // option i is scored as the token of letter_prefix + letter
  std::string opening = {};        // the end of the last prompt, where the text goes on with its sentence
};

}  // namespace litestage
