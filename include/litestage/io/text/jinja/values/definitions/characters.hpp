// Counting of characters, and their cases (the simple case mappings of the Unicode character database).
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "litestage/io/text/jinja/values/characters.hpp"

namespace litestage::io::jinja {

LITESTAGE_INLINE std::size_t character_count(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(first_character(text).length);
  return count;
}

LITESTAGE_INLINE std::size_t character_start(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += first_character(text.substr(at)).length;
  return at;
}

LITESTAGE_INLINE std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size(); at += first_character(text.substr(at)).length) starts.push_back(at);
  starts.push_back(text.size());
  return starts;
}

namespace detail {

// Lower-case letters `first` to `last` whose upper case is `distance` below. With `in_pairs`, upper and lower case take
// turns: every second character from `first` on is lower, and its upper case is the one before it.
struct CaseRange {
  char32_t first;
  char32_t last;
  char32_t distance;
  bool in_pairs = false;
};

inline constexpr CaseRange case_ranges[] = {
    {'a', 'z', 32},          {0xE0, 0xF6, 32},        {0xF8, 0xFE, 32},          {0x101, 0x12F, 1, true},
    {0x133, 0x137, 1, true}, {0x13A, 0x148, 1, true}, {0x14B, 0x177, 1, true},   {0x17A, 0x17E, 1, true},
    {0x1CE, 0x1DC, 1, true}, {0x1DF, 0x1EF, 1, true}, {0x1F9, 0x21F, 1, true},   {0x223, 0x233, 1, true},
    {0x3AD, 0x3AF, 37},      {0x3B1, 0x3C1, 32},      {0x3C3, 0x3CB, 32},        {0x430, 0x44F, 32},
    {0x450, 0x45F, 80},      {0x461, 0x481, 1, true}, {0x48B, 0x4BF, 1, true},   {0x4C2, 0x4CE, 1, true},
    {0x4D1, 0x52F, 1, true}, {0x561, 0x586, 48},      {0x1E01, 0x1E95, 1, true}, {0x1EA1, 0x1EFF, 1, true},
};

}  // namespace detail

LITESTAGE_INLINE char32_t to_upper(char32_t c) {
  if (c == 0xFF) return 0x178;
  if (c == 0xB5) return 0x39C;
  if (c == 0x131) return 'I';
  if (c == 0x17F) return 'S';
  if (c == 0x3C2) return 0x3A3;
  if (c == 0x3AC) return 0x386;
  if (c == 0x3CC) return 0x38C;
  if (c == 0x3CD || c == 0x3CE) return c - 63;
  for (const detail::CaseRange& range : detail::case_ranges) {
    if (c >= range.first && c <= range.last && (!range.in_pairs || (c - range.first) % 2 == 0))
      return c - range.distance;
  }
  return c;
}

LITESTAGE_INLINE char32_t to_lower(char32_t c) {
  if (c == 0x178) return 0xFF;
  if (c == 0x386) return 0x3AC;
  if (c == 0x38C) return 0x3CC;
  if (c == 0x38E || c == 0x38F) return c + 63;
  for (const detail::CaseRange& range : detail::case_ranges) {
    const char32_t lower = c + range.distance;
    if (lower >= range.first && lower <= range.last && (!range.in_pairs || (lower - range.first) % 2 == 0))
      return lower;
  }
  return c;
}

}  // namespace litestage::io::jinja
