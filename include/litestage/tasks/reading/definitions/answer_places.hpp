// Finds the places of a text in which its answer may stand.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/text/lower_ascii.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/tasks/reading/answer_places.hpp"
#include "litestage/tasks/reading/plain_text.hpp"

namespace litestage::tasks {

namespace detail {

constexpr std::string_view white_space = " \t\n\v\f\r";

// What stands in the last box.
[[nodiscard]] inline std::optional<std::string_view> last_box(std::string_view text) {
  constexpr std::string_view command = "\\boxed";
  for (std::size_t at = text.rfind(command); at != std::string_view::npos;
       at = at == 0 ? at : text.rfind(command, at - 1)) {
    const std::size_t open = text.find_first_not_of(' ', at + command.size());
    if (open != std::string_view::npos && text[open] == '{') {
      std::size_t depth = 1, end = open + 1;
      for (; end < text.size(); ++end) {
        if (text[end] == '{') ++depth;
        if (text[end] == '}' && --depth == 0) break;
      }
      return text.substr(open + 1, end - open - 1);
    }
    if (at == 0) break;
  }
  return std::nullopt;
}

[[nodiscard]] inline bool is_abbreviation(std::string_view before) {
  constexpr std::array<std::string_view, 8> titles = {"mr", "mrs", "ms", "dr", "st", "prof", "jr", "sr"};
  std::size_t begin = before.size();
  while (begin > 0 && is_ascii_letter(before[begin - 1])) --begin;
  const std::string word = lower_ascii(before.substr(begin));
  const bool single = word.size() == 1 && (begin == 0 || !is_word_byte(before[begin - 1]));
  return single || std::find(titles.begin(), titles.end(), word) != titles.end();
}

// The bytes after each occurrence of `words`, up to the next one.
[[nodiscard]] inline std::vector<std::string_view> texts_after(std::string_view text, std::string_view words) {
  const std::string lower = lower_ascii(text), wanted = lower_ascii(words);
  std::vector<std::string_view> found;
  std::size_t at = lower.find(wanted);
  while (at != std::string::npos) {
    const std::size_t begin = at + wanted.size(), next = lower.find(wanted, begin);
    found.push_back(text.substr(begin, next == std::string::npos ? next : next - begin));
    at = next;
  }
  return found;
}

}  // namespace detail

LITESTAGE_INLINE std::size_t sentence_end(std::string_view text) {
  std::size_t i = std::min(text.find_first_not_of(detail::white_space), text.size());
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') return i;
    const bool at_end = i + 1 == text.size() || detail::white_space.find(text[i + 1]) != std::string_view::npos;
    if (at_end && (c == '!' || c == '?' || (c == '.' && !detail::is_abbreviation(text.substr(0, i))))) return i;
  }
  return i;
}

LITESTAGE_INLINE std::vector<AnswerPlace> answer_places(const AnswerFormat& format, std::string_view text,
                                                        std::size_t n_opening) {
  std::vector<AnswerPlace> places;
  if (const std::optional<std::string_view> box = detail::last_box(text)) places.push_back({*box});
  if (n_opening > 0) {
    const std::string_view rest = text.substr(n_opening);
    places.push_back({rest.substr(0, sentence_end(rest))});
  }
  if (!format.after.empty()) {
    std::vector<std::string_view> stated = detail::texts_after(text, format.after);
    if (format.take == TakenMatch::last) std::reverse(stated.begin(), stated.end());
    for (const std::string_view part : stated) places.push_back({part});
  }
  places.push_back({text, format.take, /*stated=*/false});
  return places;
}

}  // namespace litestage::tasks
