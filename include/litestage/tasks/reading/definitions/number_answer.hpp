// Joins the numbers of a text to expressions.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/text/lower_ascii.hpp"
#include "litestage/tasks/reading/number_answer.hpp"
#include "litestage/tasks/reading/number_text.hpp"
#include "litestage/tasks/reading/plain_text.hpp"
#include "litestage/tasks/reading/written_numbers.hpp"

namespace litestage::tasks {

namespace detail {

// How two numbers that follow each other belong together.
enum class Joint {
  none,       // two expressions
  operation,  // an operator stands between them
  equals,     // the second one is the result
  several,    // they are listed or alternatives
  unclear     // only spaces stand between them: "1 234"
};

// The words and signs between two numbers, in lower case; spaces and currency signs are left out.
[[nodiscard]] inline std::vector<std::string> gap_parts(std::string_view gap) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < gap.size();) {
    std::size_t end = i;
    while (end < gap.size() && (is_word_byte(gap[end]) || gap[end] == '\'')) ++end;
    if (end == i) end = i + 1;
    std::string part = lower_ascii(gap.substr(i, end - i));
    if (part != " " && part != "$") parts.push_back(std::move(part));
    i = end;
  }
  return parts;
}

template <std::size_t n>
[[nodiscard]] bool is_any(const std::string& word, const std::array<std::string_view, n>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

inline constexpr std::array<std::string_view, 11> operator_words = {
    "+", "-", "*", "/", "^", "x", "plus", "minus", "times", "multiplied by", "divided by"};
inline constexpr std::array<std::string_view, 3> share_words = {"of", "out of",
                                                                "over"};  // not after units: "8 rows of 5"
inline constexpr std::array<std::string_view, 8> equals_words = {"=",     "equals",      "equal",     "is",
                                                                 "makes", "is equal to", "equals to", "gives"};
inline constexpr std::array<std::string_view, 9> several_words = {",",  ":", "and",  "or",   "to",
                                                                  "vs", ";", ", or", ", and"};

// The larger units of amounts in two units: "2 hours 30 minutes".
inline constexpr std::array<std::string_view, 20> larger_units = {
    "hour", "hours", "hr",   "hrs", "h",      "minutes", "min", "years", "months",  "weeks",
    "days", "feet",  "foot", "ft",  "meters", "pounds",  "lb",  "lbs",   "dollars", "dollar"};

// The parts from `begin` on as one text.
[[nodiscard]] inline std::string joined_parts(const std::vector<std::string>& parts, std::size_t begin) {
  std::string text;
  for (std::size_t i = begin; i < parts.size(); ++i) text += (text.empty() ? "" : " ") + parts[i];
  return text;
}

// Units may stand before an operator, but no sentence.
inline constexpr std::size_t most_units = 3;

[[nodiscard]] inline Joint joint_of(std::string_view gap) {
  constexpr std::size_t longest = 60;
  if (gap.size() > longest) return Joint::none;
  std::vector<std::string> parts = gap_parts(gap);
  if (std::find(parts.begin(), parts.end(), "\n") != parts.end()) {
    // "9 * 2\n= 18" goes on over the end of the line.
    std::erase_if(parts, [](const std::string& part) { return part == "\n"; });
    return parts == std::vector<std::string>{"="} ? Joint::equals : Joint::none;
  }
  for (const char* about : {"about", "approximately", "roughly"}) {
    if (!parts.empty() && parts.back() == about) parts.pop_back();
  }
  while (parts.size() > 1 && parts.back() == "(") parts.pop_back();                                  // "2 * (3"
  if (parts.size() > 1 && parts[0] == "/" && is_word_byte(parts[1][0])) parts.erase(parts.begin());  // "$2/egg"
  while (!parts.empty() && parts.front() == ")") parts.erase(parts.begin());
  for (std::size_t units = 0; units <= std::min(most_units, parts.size()); ++units) {
    if (units > 0 && !is_word_byte(parts[units - 1][0])) return Joint::none;
    const std::string rest = joined_parts(parts, units);
    if (units == 0 && (rest.empty() || is_any(rest, larger_units))) return Joint::unclear;
    if (is_any(rest, operator_words) || (units == 0 && is_any(rest, share_words))) return Joint::operation;
    if (is_any(rest, equals_words)) return Joint::equals;
    const bool direct = units == 0 || rest == "and" || rest == "or";
    if (direct && is_any(rest, several_words)) return Joint::several;
  }
  return Joint::none;
}

struct Expression {
  std::size_t operands = 1;  // numbers after the last equals sign
  bool has_result = false;
  bool unclear = false;
  const WrittenNumber* last = nullptr;

  [[nodiscard]] bool is_single() const { return operands == 1 && !has_result; }
};

[[nodiscard]] inline bool is_operator(char c) {
  return c == '+' || c == '-' || c == '*' || c == '/' || c == '^' || c == '=';
}

// Whether the text after the last number ends in an operator, so that the expression has no result: " eggs * $".
[[nodiscard]] inline bool is_cut_off(std::string_view rest) {
  constexpr std::size_t longest = 60;
  if (rest.size() > longest) return false;
  std::vector<std::string> parts = gap_parts(rest);
  while (!parts.empty() && (parts.back() == "\n" || parts.back() == "(")) parts.pop_back();
  while (!parts.empty() && parts.front() == ")") parts.erase(parts.begin());
  if (parts.empty() || parts.size() > most_units + 1 || parts.back().size() > 1 || !is_operator(parts.back()[0]))
    return false;
  return std::all_of(parts.begin(), parts.end() - 1, [](const std::string& part) { return is_word_byte(part[0]); });
}

// The expressions of a text in their order.
[[nodiscard]] inline std::vector<Expression> expressions(std::string_view text,
                                                         const std::vector<WrittenNumber>& numbers) {
  std::vector<Expression> list;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t before = i == 0 ? 0 : numbers[i - 1].end;
    const std::string_view gap = text.substr(before, numbers[i].begin - before);
    const Joint joint = i == 0 ? Joint::none : joint_of(gap);
    if (joint == Joint::operation) {
      ++list.back().operands;
    } else if (joint == Joint::equals) {
      list.back().operands = 1;
      list.back().has_result = true;
    } else {
      const bool joined = joint == Joint::unclear || (joint == Joint::several && list.back().is_single());
      const std::size_t sign = gap.find_last_not_of(" $");
      const bool operand = sign != std::string_view::npos &&
                           (gap[sign] == '+' || gap[sign] == '*' || gap[sign] == '/' || gap[sign] == '^');
      list.emplace_back();
      if (operand) ++list.back().operands;  // of something that is no number: "x + 3"
      if (joined) list.back().unclear = list[list.size() - 2].unclear = true;
    }
    list.back().last = &numbers[i];
  }
  return list;
}

[[nodiscard]] inline Answer number_form(const WrittenNumber& number, bool percent_is_number) {
  if (!number.value) return {};
  return {text_of(*number.value) + (number.percent && !percent_is_number ? "%" : "")};
}

}  // namespace detail

LITESTAGE_INLINE std::optional<Answer> number_at(const AnswerPlace& place, bool percent_is_number) {
  const std::string text = plain_numbers(place.text);
  const std::vector<WrittenNumber> numbers = written_numbers(text, place.stated);
  if (numbers.empty()) return std::nullopt;
  std::vector<detail::Expression> list = detail::expressions(text, numbers);
  if (detail::is_cut_off(std::string_view(text).substr(numbers.back().end))) list.back().unclear = true;
  const detail::Expression& taken = place.take == TakenMatch::first ? list.front() : list.back();
  if (taken.unclear || taken.operands != 1) return Answer{};
  return detail::number_form(*taken.last, percent_is_number);
}

LITESTAGE_INLINE std::optional<Answer> whole_number(std::string_view written, bool percent_is_number) {
  const std::string text = plain_numbers(written);
  const std::vector<WrittenNumber> numbers = written_numbers(text, /*stated=*/true);
  if (numbers.size() != 1 || !numbers[0].value) return std::nullopt;
  const std::string rest = text.substr(0, numbers[0].begin) + text.substr(numbers[0].end);
  if (rest.find_first_not_of(" \n.$") != std::string::npos || std::count(rest.begin(), rest.end(), '.') > 1)
    return std::nullopt;
  return detail::number_form(numbers[0], percent_is_number);
}

}  // namespace litestage::tasks
