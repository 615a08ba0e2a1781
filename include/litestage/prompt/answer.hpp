// The answer to a question, as one value for all kinds of answers. An answer is stored in the canonical form of its
// kind, so two answers of one kind are equal exactly if their texts are equal byte for byte.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/enum_names.hpp"
#include "litestage/prompt/option_letter.hpp"

namespace litestage {

enum class AnswerKind : std::uint8_t {
  letter,  // the letter of an option: "B"
  number,  // an exact rational number in lowest terms: "18", "-3", "27/4"; per cent keep their sign: "50%"
  yes_no,  // "yes" or "no"
  text     // a text, normalised as SQuAD's evaluation does (tasks/reading/normal_text.hpp)
};

struct Answer {
  std::string text = {};  // the canonical form; empty if there is no answer

  [[nodiscard]] bool empty() const { return text.empty(); }
  // "No answer" equals "no answer" here, for records of runs. Whether two answers agree is a question for `agree`.
  friend bool operator==(const Answer&, const Answer&) = default;
};

// The right answers to a question: one, several that count the same, or none if they are not known.
using Gold = std::vector<Answer>;

// "No answer" agrees with nothing, not even with "no answer".
[[nodiscard]] inline bool agree(const Answer& a, const Answer& b) {
  return !a.empty() && a == b;
}
[[nodiscard]] inline bool is_right(const Answer& predicted, const Gold& gold) {
  return std::any_of(gold.begin(), gold.end(), [&](const Answer& right) { return agree(predicted, right); });
}

// The answer of kind `letter` that stands for the option with this index; empty for no_answer.
[[nodiscard]] inline Answer letter_answer(int option) {
  return option == no_answer ? Answer{} : Answer{std::string(1, option_letter(option))};
}
// The index of the option with this letter; no_answer if the text is not a capital letter.
[[nodiscard]] inline int option_of(const Answer& letter) {
  const bool is_letter = letter.text.size() == 1 && letter.text[0] >= 'A' && letter.text[0] <= 'Z';
  return is_letter ? letter.text[0] - 'A' : no_answer;
}

// The answer for people to read.
[[nodiscard]] inline std::string said(const Answer& answer) {
  return answer.empty() ? "no answer" : answer.text;
}

}  // namespace litestage

template <>
struct litestage::EnumNames<litestage::AnswerKind> {
  static constexpr std::array<std::string_view, 4> names = {"letter", "number", "yes_no", "text"};
};
