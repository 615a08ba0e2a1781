// The neighbours of added tokens: white space that they swallow, and words that they must not touch.
#pragma once

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/tokenizer_json/added_tokens.hpp"

namespace litestage::io {

namespace detail {

// The property White_Space of Unicode.
[[nodiscard]] constexpr bool is_white_space(char32_t c) {
  return is_python_space(c) && (c < 0x1C || c > 0x1F);
}

// The last character of a text that is not empty.
[[nodiscard]] inline CodePoint last_code_point(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && text.size() - begin < 4 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  const CodePoint found = lenient_code_point(text.substr(begin));
  return {found.value, text.size() - begin};
}

[[nodiscard]] inline std::size_t white_before(std::string_view text) {
  const std::size_t all = text.size();
  while (!text.empty()) {
    const CodePoint last = last_code_point(text);
    if (!is_white_space(last.value)) break;
    text.remove_suffix(last.length);
  }
  return all - text.size();
}

[[nodiscard]] inline std::size_t white_after(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size()) {
    const CodePoint next = lenient_code_point(text.substr(size));
    if (next.length == 0 || !is_white_space(next.value)) break;
    size += next.length;
  }
  return size;
}

// Whether a text that is not empty begins with \w of Rust's regular expressions: a letter, mark, digit or connector.
[[nodiscard]] inline bool begins_with_word(std::string_view text) {
  static constexpr std::string_view pattern =
      R"([\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}\x{200C}\x{200D}])";
  int code = 0;
  std::size_t at = 0;
  static const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> compiled(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &code, &at, nullptr),
      pcre2_code_free);
  LITESTAGE_ASSERT(compiled != nullptr, "PCRE2 error ", code, " at ", at);
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create_from_pattern(compiled.get(), nullptr), pcre2_match_data_free);
  return pcre2_match(compiled.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, PCRE2_NO_UTF_CHECK,
                     match.get(), nullptr) > 0;
}

}  // namespace detail

LITESTAGE_INLINE AddedTokens::AddedTokens(std::vector<Name> names) : names_(std::move(names)) {
  // Several tokens of one name, which normalising can bring about, stay in their order.
  std::stable_sort(names_.begin(), names_.end(), [](const Name& a, const Name& b) { return a.text < b.text; });
  for (const Name& name : names_) {
    if (first_bytes_.find(name.text.front()) == std::string::npos) first_bytes_ += name.text.front();
  }
}

LITESTAGE_INLINE std::pair<std::size_t, std::size_t> AddedTokens::taken(const AddedToken& token, std::string_view text,
                                                                        std::size_t begin, std::size_t end,
                                                                        std::size_t free) const {
  if (token.single_word) {
    const std::string_view before = text.substr(0, begin), after = text.substr(end);
    const auto is_joined = [](std::string_view character) {
      return !character.empty() && detail::begins_with_word(character);
    };
    const std::size_t last = before.empty() ? 0 : detail::last_code_point(before).length;
    if (is_joined(before.substr(before.size() - last)) || is_joined(after)) return {0, 0};
  }
  if (token.strips_left) begin = std::max(free, begin - detail::white_before(text.substr(0, begin)));
  if (token.strips_right) end += detail::white_after(text.substr(end));
  return {std::max(begin, free), end};
}

}  // namespace litestage::io
