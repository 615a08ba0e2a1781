// How the last stage of a schedule states its answer. Used to read the answer from the text and to score option
// letters.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "litestage/core/enum_names.hpp"
#include "litestage/prompt/vote_weight.hpp"

namespace litestage {

// The rule that extracts the letter of an option from a text. Implemented in tasks/read_answer.hpp.
enum class AnswerRule : std::uint8_t {
  stated,       // the last statement of the answer, by letter or in the option's own words
  tiny_thinker  // the first match of "the answer is option ([A-Z])\.", as in TinyThinker's evaluation (generate.py:148)
};
template <>
struct EnumNames<AnswerRule> {
  static constexpr std::array<std::string_view, 2> names = {"stated", "tiny_thinker"};
};

// Which match is the answer where several stand in a text. Models that reason state the answer last.
enum class TakenMatch : std::uint8_t { first, last };

struct AnswerFormat {
  AnswerRule rule = AnswerRule::stated;
  std::string probe = {};          // appended to the last stage's prompt to score letters
  std::string letter_prefix = {};  // option i is scored as the token of letter_prefix + letter
  std::string opening = {};        // end of the last prompt if the generated text continues its sentence
  // Answers that are no letters stand after these words, whatever their case, such as "the answer is"; empty: anywhere.
  std::string after = {};
  TakenMatch take = TakenMatch::last;
  VoteWeight vote = VoteWeight::one;  // what the answer of a branch weighs where the last stage has several
  friend bool operator==(const AnswerFormat&, const AnswerFormat&) = default;
};

}  // namespace litestage

template <>
struct litestage::EnumNames<litestage::TakenMatch> {
  static constexpr std::array<std::string_view, 2> names = {"first", "last"};
};
