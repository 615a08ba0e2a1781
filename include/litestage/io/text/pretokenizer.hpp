// Splits text into the words within which byte-level BPE merges, by the patterns of the models' own tokenizers.
#pragma once

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/text/word_split.hpp"

namespace litestage::io {

namespace detail {

// Character classes for use inside [...]. White space is \s of Rust and Python; PCRE2's \s also has U+180E. Letters and
// numbers are those of Unicode 15.1, as in llama.cpp (src/unicode-data.cpp): the ranges are those that PCRE2 10.42,
// with Unicode 14.0, lacks, so that ids do not depend on the library's version.
inline constexpr std::string_view space_class = R"(\t-\r \x{85}\p{Z})";
inline constexpr std::string_view letter_class =
    R"(\p{L}\x{1123F}-\x{11240}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}\x{1342F}\x{13441}-\x{13446}\x{1B132})"
    R"(\x{1B155}\x{1DF25}-\x{1DF2A}\x{1E030}-\x{1E06D}\x{1E4D0}-\x{1E4EB}\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF})";
// Letters that may begin a word with others of their kind (upper and title case, and letters without case), and that
// may go on one (lower case, and letters without case); both with marks.
inline constexpr std::string_view caseless_class =
    R"(\p{Lm}\p{Lo}\x{1123F}-\x{11240}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}\x{1342F}\x{13441}-\x{13446})"
    R"(\x{1B132}\x{1B155}\x{1E030}-\x{1E06D}\x{1E4D0}-\x{1E4EB}\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF})"
    R"(\p{M}\x{CF3}\x{ECE}\x{10EFD}-\x{10EFF}\x{11241}\x{11F00}-\x{11F01}\x{11F03}\x{11F34}-\x{11F3A})"
    R"(\x{11F3E}-\x{11F42}\x{13440}\x{13447}-\x{13455}\x{1E08F}\x{1E4EC}-\x{1E4EF})";
inline constexpr std::string_view upper_class = R"(\p{Lu}\p{Lt})", lower_class = R"(\p{Ll}\x{1DF25}-\x{1DF2A})";
inline constexpr std::string_view punctuation_class = R"(\p{P}\x{11B00}-\x{11B09}\x{11F43}-\x{11F4F})";
inline constexpr std::string_view number_class = R"(\p{N}\x{11F50}-\x{11F59}\x{1D2C0}-\x{1D2D3}\x{1E4F0}-\x{1E4F9})";

// The patterns use @S, @L, @N and @P for these classes, @U for upper_class and caseless_class, @D for lower_class and
// caseless_class. The first is that of GPT-2's encoder.py.
inline constexpr std::string_view gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?[@L]+| ?[@N]+| ?[^@S@L@N]+|[@S]+(?![^@S])|[@S]+)";
inline constexpr std::string_view single_numbers = "[@N]";
// If a file names no pattern, llama.cpp uses these, with GPT-2's pattern as the second of four.
inline constexpr std::string_view plain_marks = R"([@P$+<=>^~|]+)", plain_numbers = "[@N]+", three_digits = "[0-9]{3}";
// The patterns of the tokenizer.json of Llama 3 and of Qwen 2 differ only in the numbers. Contractions are spelt out:
// @A is what counts as an s, which is U+017F too where case is ignored by the rules of Unicode.
inline constexpr std::string_view llama3_words =
    R"('[@A]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n@L@N]?[@L]+|[@N]{1,3})"
    R"(| ?[^@S@L@N]+[\r\n]*|[@S]*[\r\n]+|[@S]+(?![^@S])|[@S]+)";
inline constexpr std::string_view qwen2_words =
    R"('[@A]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n@L@N]?[@L]+|[@N])"
    R"(| ?[^@S@L@N]+[\r\n]*|[@S]*[\r\n]+|[@S]+(?![^@S])|[@S]+)";

// The patterns of the tokenizer.json of Mistral NeMo and of GPT-4o, which cut words where small letters end. (llama.cpp
// approximates the cases of letters beyond ASCII.)
inline constexpr std::string_view tekken_words = R"([^\r\n@L@N]?[@U]*[@D]+|[^\r\n@L@N]?[@U]+[@D]*|[@N])"
                                                 R"(| ?[^@S@L@N]+[\r\n/]*|[@S]*[\r\n]+|[@S]+(?![^@S])|[@S]+)";
inline constexpr std::string_view gpt4o_words =
    R"([^\r\n@L@N]?[@U]*[@D]+(?:'[@A]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?)"
    R"(|[^\r\n@L@N]?[@U]+[@D]*(?:'[@A]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?|[@N]{1,3})"
    R"(| ?[^@S@L@N]+[\r\n/]*|[@S]*[\r\n]+|[@S]+(?![^@S])|[@S]+)";

[[nodiscard]] inline std::string with_classes(std::string_view pattern, bool any_s) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '@') {
      out += pattern[i];
      continue;
    }
    ++i;
    switch (pattern[i]) {
      case 'A':
        out += any_s ? R"(sS\x{17F})" : "sS";
        break;
      case 'S':
        out += space_class;
        break;
      case 'L':
        out += letter_class;
        break;
      case 'P':
        out += punctuation_class;
        break;
      case 'U':
        out += upper_class;
        out += caseless_class;
        break;
      case 'D':
        out += lower_class;
        out += caseless_class;
        break;
      default:
        out += number_class;
    }
  }
  return out;
}

// A compiled pattern and the memory for its matches.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern, bool any_s = false) {
    const std::string source = with_classes(pattern, any_s);
    int code = 0;
    std::size_t at = 0;
    compiled_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(), PCRE2_UTF | PCRE2_UCP,
                                  &code, &at, nullptr),
                    pcre2_code_free);
    LITESTAGE_ASSERT(compiled_ != nullptr, "PCRE2 error ", code, " at ", at, " of ", source);
    pcre2_jit_compile(compiled_.get(), PCRE2_JIT_COMPLETE);  // without JIT, matching is only slower
  }

  // Calls visit(word) for every match and for the text between matches, in order, until `text` is used up. `text` is
  // valid UTF-8 (checking it again for every word would be quadratic).
  template <class Visit>
  void split(std::string_view text, Visit&& visit) const {
    const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
        pcre2_match_data_create_from_pattern(compiled_.get(), nullptr), pcre2_match_data_free);
    std::size_t done = 0;
    while (done < text.size()) {
      const int found = pcre2_match(compiled_.get(), reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), done,
                                    PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, match.get(), nullptr);
      if (found < 0 && found != PCRE2_ERROR_NOMATCH) throw Error(concat("PCRE2 failed on a text, error ", found));
      const std::size_t* ends = pcre2_get_ovector_pointer(match.get());
      const std::size_t begin = found < 0 ? text.size() : ends[0];
      const std::size_t end = found < 0 ? text.size() : ends[1];
      if (begin > done) visit(text.substr(done, begin - done));
      if (end > begin) visit(text.substr(begin, end - begin));
      done = end;
    }
  }

 private:
  std::shared_ptr<pcre2_code> compiled_;  // shared by copies, read-only
};

}  // namespace detail

class Pretokenizer {
 public:
  explicit Pretokenizer(WordPattern pattern) {
    switch (pattern) {
      case WordPattern::gpt2:
        add({detail::gpt2_words});
        break;
      case WordPattern::smollm:
        add({detail::single_numbers, detail::gpt2_words});
        break;
      case WordPattern::qwen2:
        add({detail::qwen2_words});
        break;
      case WordPattern::llama3:
        add({detail::llama3_words});
        break;
      case WordPattern::qwen2_any_s:
        patterns_.emplace_back(detail::qwen2_words, true);
        break;
      case WordPattern::llama3_any_s:
        patterns_.emplace_back(detail::llama3_words, true);
        break;
      case WordPattern::tekken:
        add({detail::tekken_words});
        break;
      case WordPattern::gpt4o:
        add({detail::gpt4o_words});
        break;
      case WordPattern::gpt4o_any_s:
        patterns_.emplace_back(detail::gpt4o_words, true);
        break;
      case WordPattern::plain:
        add({detail::plain_marks, detail::gpt2_words, detail::plain_numbers, detail::three_digits});
        break;
    }
  }

  // Calls visit(word) for every word of `text`, which is valid UTF-8. The words together are the text.
  template <class Visit>
  void split(std::string_view text, Visit&& visit) const {
    split_from(0, text, visit);
  }

 private:
  void add(std::initializer_list<std::string_view> patterns) {
    for (const std::string_view pattern : patterns) patterns_.emplace_back(pattern);
  }
  // A match of one pattern ends the text for the next pattern, so spaces before a number stay together.
  template <class Visit>
  void split_from(std::size_t pattern, std::string_view text, Visit& visit) const {
    if (pattern == patterns_.size()) return visit(text);
    patterns_[pattern].split(text, [&](std::string_view part) { split_from(pattern + 1, part, visit); });
  }

  std::vector<detail::Pattern> patterns_;  // applied in turn, each to the words of the previous one
};

}  // namespace litestage::io
