// Computes the normal form C.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/core/text/utf8.hpp"
#include "litestage/io/tokenizer_json/definitions/nfc_marks.hpp"
#include "litestage/io/tokenizer_json/definitions/nfc_pairs.hpp"
#include "litestage/io/tokenizer_json/nfc.hpp"

namespace litestage::io {

namespace detail {

// A character on its way, and the byte of the original that it comes from.
struct FormCharacter {
  char32_t value;
  int combining_class;
  std::size_t from;
};

// Hangul syllables are composed by arithmetic (Unicode Standard, section 3.12).
inline constexpr char32_t hangul = 0xAC00, lead_jamo = 0x1100, vowel_jamo = 0x1161, tail_jamo = 0x11A7;
inline constexpr char32_t n_leads = 19, n_vowels = 21, n_tails = 28;

class NormalForm {
 public:
  NormalForm() {
    for (const std::u32string_view table : {unicode::pairs, unicode::one_way_pairs}) {
      for (std::size_t i = 0; i + 2 < table.size(); i += 3) parts_[table[i]] = {table[i + 1], table[i + 2]};
    }
    for (std::size_t i = 0; i + 2 < unicode::pairs.size(); i += 3) {
      composed_[key(unicode::pairs[i + 1], unicode::pairs[i + 2])] = unicode::pairs[i];
    }
    for (std::size_t i = 0; i + 1 < unicode::singles.size(); i += 2)
      parts_[unicode::singles[i]] = {unicode::singles[i + 1], 0};
    for (const unicode::SingleRun& run : unicode::single_runs) {
      char32_t c = run.first;
      for (const char32_t target : run.targets) parts_[c++] = {target, 0};
    }
  }

  // Appends the full decomposition of a character. Its depth is that of the tables, at most 4.
  void decompose(char32_t c, std::size_t from, std::vector<FormCharacter>& out) const {
    if (c >= hangul && c < hangul + n_leads * n_vowels * n_tails) {
      const char32_t index = c - hangul, tail = index % n_tails;
      out.push_back({lead_jamo + index / (n_vowels * n_tails), 0, from});
      out.push_back({vowel_jamo + index / n_tails % n_vowels, 0, from});
      if (tail != 0) out.push_back({tail_jamo + tail, 0, from});
      return;
    }
    const auto found = parts_.find(c);
    if (found == parts_.end()) {
      out.push_back({c, combining_class(c), from});
      return;
    }
    decompose(found->second.first, from, out);
    if (found->second.second != 0) decompose(found->second.second, from, out);
  }

  // The character composed of two, or 0.
  [[nodiscard]] char32_t composed(char32_t first, char32_t second) const {
    if (first >= lead_jamo && first < lead_jamo + n_leads && second >= vowel_jamo && second < vowel_jamo + n_vowels) {
      return hangul + ((first - lead_jamo) * n_vowels + (second - vowel_jamo)) * n_tails;
    }
    const bool without_tail =
        first >= hangul && first < hangul + n_leads * n_vowels * n_tails && (first - hangul) % n_tails == 0;
    if (without_tail && second > tail_jamo && second < tail_jamo + n_tails) return first + (second - tail_jamo);
    const auto found = composed_.find(key(first, second));
    return found == composed_.end() ? 0 : found->second;
  }

 private:
  [[nodiscard]] static std::uint64_t key(char32_t first, char32_t second) {
    return (static_cast<std::uint64_t>(first) << 32) | second;
  }
  [[nodiscard]] static int combining_class(char32_t c) {
    const auto* after =
        std::upper_bound(std::begin(unicode::combining_ranges), std::end(unicode::combining_ranges), c,
                         [](char32_t v, const unicode::CombiningRange& range) { return v < range.first; });
    if (after == std::begin(unicode::combining_ranges)) return 0;
    --after;
    return c <= after->last ? after->combining_class : 0;
  }

  std::unordered_map<char32_t, std::pair<char32_t, char32_t>> parts_;
  std::unordered_map<std::uint64_t, char32_t> composed_;
};

// Puts each run of marks into the order of their classes.
inline void order_marks(std::vector<FormCharacter>& characters) {
  for (auto run = characters.begin(); run != characters.end();) {
    const auto is_mark = [](const FormCharacter& c) { return c.combining_class != 0; };
    run = std::find_if(run, characters.end(), is_mark);
    const auto end = std::find_if(run, characters.end(), [&](const FormCharacter& c) { return !is_mark(c); });
    std::stable_sort(
        run, end, [](const FormCharacter& a, const FormCharacter& b) { return a.combining_class < b.combining_class; });
    run = end;
  }
}

// Composes each starter with what follows it, unless a character of the same class or of class 0 lies between.
inline void compose(const NormalForm& form, std::vector<FormCharacter>& characters) {
  std::size_t kept = 0, starter = 0;
  bool has_starter = false;
  int between = -1;  // class of the last character kept after the starter; -1: none
  for (const FormCharacter& c : characters) {
    const bool open = has_starter && (between < 0 || (between != 0 && between < c.combining_class));
    const char32_t whole = open ? form.composed(characters[starter].value, c.value) : 0;
    if (whole != 0) {
      characters[starter].value = whole;
      continue;
    }
    if (c.combining_class == 0) {
      has_starter = true;
      starter = kept;
      between = -1;
    } else {
      between = c.combining_class;
    }
    characters[kept++] = c;
  }
  characters.resize(kept);
}

// Every character below U+0300 is composed, and none of them joins one before it.
[[nodiscard]] inline bool surely_normal(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0xCC; });
}

}  // namespace detail

LITESTAGE_INLINE TracedText nfc(const TracedText& text) {
  if (detail::surely_normal(text.text)) return text;
  static const detail::NormalForm form;
  std::vector<detail::FormCharacter> characters;
  for (std::size_t at = 0; at < text.text.size();) {
    const CodePoint c = lenient_code_point(std::string_view(text.text).substr(at));
    form.decompose(c.length == 0 ? replacement_character : c.value, text.from[at], characters);
    at += std::max<std::size_t>(1, c.length);
  }
  detail::order_marks(characters);
  detail::compose(form, characters);
  TracedText out;
  for (const detail::FormCharacter& c : characters) {
    std::string bytes;
    append_utf8(bytes, c.value);
    out.append(bytes, c.from);
  }
  out.end(text.from.back());
  return out;
}

}  // namespace litestage::io
