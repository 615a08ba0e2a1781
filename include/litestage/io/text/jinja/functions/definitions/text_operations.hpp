// Cutting, replacing and the case of text.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/jinja/functions/text_operations.hpp"
#include "litestage/io/text/jinja/values/characters.hpp"
#include "litestage/io/text/jinja/values/operators.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"

namespace litestage::io::jinja {

namespace detail {

// Whether the character, whose bytes are `bytes`, is one of `set`, or white space if that is null.
[[nodiscard]] inline bool is_in(const MarkedText* set, char32_t c, std::string_view bytes) {
  return set == nullptr ? is_python_space(c) : set->text().find(bytes) != std::string::npos;
}

// The bytes [begin, end) that remain without such characters at the ends.
struct ByteRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
[[nodiscard]] inline ByteRange stripped_range(std::string_view text, const MarkedText* set, Side side) {
  ByteRange inside{.begin = text.size(), .end = 0};  // from the first to the last character that is not one of these
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint c = first_character(text.substr(at));
    if (!is_in(set, c.value, text.substr(at, c.length))) {
      inside.begin = std::min(inside.begin, at);
      inside.end = at + c.length;
    }
    at += c.length;
  }
  if (side == Side::left) inside.end = text.size();
  if (side == Side::right) inside.begin = 0;
  inside.begin = std::min(inside.begin, inside.end);
  return inside;
}

// The position of the first character at or after `at` that is not white space.
[[nodiscard]] inline std::size_t after_white_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_python_space(first_character(text.substr(at)).value))
    at += first_character(text.substr(at)).length;
  return at;
}

}  // namespace detail

LITESTAGE_INLINE MarkedText stripped(const MarkedText& text, const MarkedText* set, Side side) {
  const detail::ByteRange range = detail::stripped_range(text.text(), set, side);
  return text.part(range.begin, range.end - range.begin);
}

LITESTAGE_INLINE MarkedText replaced(const MarkedText& text, const MarkedText& part, const MarkedText& replacement,
                                     std::int64_t most, RenderState& state) {
  MarkedText out;
  std::size_t at = 0;
  for (std::int64_t done = 0; most < 0 || done < most; ++done) {
    std::size_t found = find_text(text.text(), part.text(), at, state);
    if (part.empty() && done > 0) {  // an empty part is between all characters
      if (at == text.size()) break;
      found = at + first_character(std::string_view(text.text()).substr(at)).length;
    }
    if (found == std::string_view::npos) break;
    state.count_steps();
    state.count_bytes(found - at + replacement.size());
    out.append(text, at, found - at);
    out.append(replacement);
    at = found + part.size();
  }
  state.count_bytes(text.size() - at);
  out.append(text, at, text.size() - at);
  return out;
}

namespace detail {

[[nodiscard]] inline Values split_at(const MarkedText& text, const MarkedText& separator, std::int64_t most,
                                     RenderState& state) {
  Values pieces;
  std::size_t at = 0;
  for (std::int64_t cuts = 0; most < 0 || cuts < most; ++cuts) {
    const std::size_t found = find_text(text.text(), separator.text(), at, state);
    if (found == std::string_view::npos) break;
    state.count_bytes(sizeof(Value));
    pieces.emplace_back(text.part(at, found - at));
    at = found + separator.size();
  }
  pieces.emplace_back(text.part(at, text.size() - at));
  return pieces;
}

[[nodiscard]] inline Values split_from_right(const MarkedText& text, const MarkedText& separator, std::int64_t most,
                                             RenderState& state) {
  Values pieces;
  std::size_t end = text.size();
  for (std::int64_t cuts = 0; (most < 0 || cuts < most) && end >= separator.size(); ++cuts) {
    const std::size_t found = std::string_view(text.text()).substr(0, end).rfind(separator.text());
    state.count_bytes((found == std::string_view::npos ? end : end - found) * (1 + separator.size() / 64));
    if (found == std::string_view::npos) break;
    state.count_bytes(sizeof(Value));
    pieces.emplace_back(text.part(found + separator.size(), end - found - separator.size()));
    end = found;
  }
  pieces.emplace_back(text.part(0, end));
  std::reverse(pieces.begin(), pieces.end());
  return pieces;
}

[[nodiscard]] inline Values split_at_white_space(const MarkedText& text, std::int64_t most, RenderState& state) {
  Values pieces;
  const std::string_view all = text.text();
  std::size_t at = after_white_space(all, 0);
  while (at < all.size()) {
    std::size_t end = at;
    const bool is_last = most >= 0 && static_cast<std::int64_t>(pieces.size()) == most;
    while (end < all.size() && (is_last || !is_python_space(first_character(all.substr(end)).value)))
      end += first_character(all.substr(end)).length;
    state.count_bytes(sizeof(Value));
    pieces.emplace_back(text.part(at, end - at));
    at = after_white_space(all, end);
  }
  return pieces;
}

}  // namespace detail

LITESTAGE_INLINE Values split(const MarkedText& text, const MarkedText* separator, std::int64_t most, Side from,
                              RenderState& state) {
  state.count_bytes(text.size());
  if (separator == nullptr) {
    if (from == Side::right && most >= 0) state.fail("rsplit at white space with a number of cuts is not supported");
    return detail::split_at_white_space(text, most, state);
  }
  if (separator->empty()) state.fail("the separator of split is empty, expected characters");
  return from == Side::right && most >= 0 ? detail::split_from_right(text, *separator, most, state)
                                          : detail::split_at(text, *separator, most, state);
}

LITESTAGE_INLINE Values split_lines(const MarkedText& text, bool keep_ends, RenderState& state) {
  Values lines;
  const std::string_view all = text.text();
  std::size_t begin = 0;
  for (std::size_t at = 0; at < all.size();) {
    const CodePoint c = first_character(all.substr(at));
    const std::size_t end = at;
    at += c.length;
    const bool ends = (c.value >= 0x0A && c.value <= 0x0D) || (c.value >= 0x1C && c.value <= 0x1E) || c.value == 0x85 ||
                      c.value == 0x2028 || c.value == 0x2029;
    if (!ends) continue;
    if (c.value == '\r' && at < all.size() && all[at] == '\n') ++at;
    state.count_bytes(at - begin + sizeof(Value));
    lines.emplace_back(text.part(begin, (keep_ends ? at : end) - begin));
    begin = at;
  }
  if (begin < all.size()) lines.emplace_back(text.part(begin, all.size() - begin));
  return lines;
}

LITESTAGE_INLINE MarkedText in_case(const MarkedText& text, LetterCase letter_case) {
  MarkedText out;
  bool is_beginning = true;
  auto run = text.runs().begin();
  const std::string_view all = text.text();
  for (std::size_t at = 0; at < all.size();) {
    const CodePoint c = first_character(all.substr(at));
    while (run->end <= at) ++run;
    const bool raised = letter_case == LetterCase::upper || (letter_case != LetterCase::lower && is_beginning);
    const char32_t changed = raised ? to_upper(c.value) : to_lower(c.value);
    std::string bytes(all.substr(at, c.length));
    if (changed != c.value) {
      bytes.clear();
      append_utf8(bytes, changed);
    }
    out.append(bytes, run->author);
    at += c.length;
    constexpr std::u32string_view openings = U"-({[<";
    if (letter_case == LetterCase::title) is_beginning = !is_upper(c.value) && !is_lower(c.value);
    if (letter_case == LetterCase::word_beginnings)
      is_beginning = is_python_space(c.value) || openings.find(c.value) != std::u32string_view::npos;
    if (letter_case == LetterCase::capitalized) is_beginning = false;
  }
  return out;
}

LITESTAGE_INLINE std::int64_t occurrences(std::string_view text, std::string_view part, RenderState& state) {
  if (part.empty()) return static_cast<std::int64_t>(character_count(text)) + 1;
  std::int64_t count = 0;
  for (std::size_t at = 0; (at = find_text(text, part, at, state)) != std::string_view::npos; at += part.size()) {
    state.count_steps();
    ++count;
  }
  return count;
}

LITESTAGE_INLINE MarkedText indented(const MarkedText& text, const MarkedText& prefix, bool first, bool blank,
                                     RenderState& state) {
  MarkedText with_end = text;
  with_end.append("\n", Author::markup);  // as in Jinja, for texts that end in a line break
  const Values lines = split_lines(with_end, false, state);
  MarkedText out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const MarkedText& line = *lines[i].text();
    state.count_bytes(line.size() + prefix.size() + 1);
    if (i != 0) out.append("\n", Author::markup);
    if (i == 0 ? first : blank || !line.empty()) out.append(prefix);
    out.append(line);
  }
  return out;
}

}  // namespace litestage::io::jinja
