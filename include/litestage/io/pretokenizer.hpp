// Splits text into the words inside which byte-level BPE merges, by the patterns of the models' own tokenizers.
#pragma once

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"

namespace litestage::io {

namespace detail {

// Classes for the inside of [...]. White space is \s of Rust and Python; PCRE2's own has U+180E on top. Letters and
// numbers are those of Unicode 15.1, as in llama.cpp (src/unicode-data.cpp): the ranges are what PCRE2 10.42, which
// knows 14.0, lacks, so that ids do not depend on the library's age.
inline constexpr std::string_view space_class = R"(\t-\r \x{85}\p{Z})";
inline constexpr std::string_view letter_class =
    R"(\p{L}\x{1123F}-\x{11240}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}\x{1342F}\x{13441}-\x{13446}\x{1B132})"
    R"(\x{1B155}\x{1DF25}-\x{1DF2A}\x{1E030}-\x{1E06D}\x{1E4D0}-\x{1E4EB}\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF})";
inline constexpr std::string_view number_class = R"(\p{N}\x{11F50}-\x{11F59}\x{1D2C0}-\x{1D2D3}\x{1E4F0}-\x{1E4F9})";

// Patterns, with @S, @L and @N for these classes. First that of GPT-2's encoder.py:
inline constexpr std::string_view gpt2_words =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?[@L]+| ?[@N]+| ?[^@S@L@N]+|[@S]+(?![^@S])|[@S]+)";
inline constexpr std::string_view single_numbers = "[@N]";
// The patterns of the tokenizer.json of Llama 3 and of Qwen 2 differ in the numbers only. Contractions are spelt out:
// without regard to case, PCRE2 would take U+017F for an s.
inline constexpr std::string_view llama3_words =
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n@L@N]?[@L]+|[@N]{1,3})"
    R"(| ?[^@S@L@N]+[\r\n]*|[@S]*[\r\n]+|[@S]+(?![^@S])|[@S]+)";
inline constexpr std::string_view qwen2_words =
    R"('[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]|[^\r\n@L@N]?[@L]+|[@N])"
    R"(| ?[^@S@L@N]+[\r\n]*|[@S]*[\r\n]+|[@S]+(?![^@S])|[@S]+)";

[[nodiscard]] inline std::string with_classes(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '@') {
      out += pattern[i];
      continue;
    }
    ++i;
    out += pattern[i] == 'S' ? space_class : pattern[i] == 'L' ? letter_class : number_class;
  }
  return out;
}

// A compiled pattern and the place for its matches.
class Pattern {
 public:
  explicit Pattern(std::string_view pattern) {
    const std::string source = with_classes(pattern);
    int code = 0;
    std::size_t at = 0;
    compiled_.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(), PCRE2_UTF | PCRE2_UCP,
                                  &code, &at, nullptr),
                    pcre2_code_free);
    LITESTAGE_ASSERT(compiled_ != nullptr, "PCRE2 error ", code, " at ", at, " of ", source);
    pcre2_jit_compile(compiled_.get(), PCRE2_JIT_COMPLETE);  // where there is no JIT, matching is only slower
  }

  // Calls visit(word) for every match and everything between two matches, in order, until `text` is used up. `text`
  // is valid UTF-8 (checking it once more at every word would be quadratic).
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
  std::shared_ptr<pcre2_code> compiled_;  // shared by copies, only read
};

}  // namespace detail

class Pretokenizer {
 public:
  // `name` is a tokenizer.ggml.pre that Vocabulary::validate accepts.
  explicit Pretokenizer(std::string_view name) {
    if (name == "smollm") patterns_.emplace_back(detail::single_numbers);
    if (name == "smollm" || name == "gpt-2") {
      patterns_.emplace_back(detail::gpt2_words);
    } else {
      LITESTAGE_ASSERT(name == "qwen2" || name == "llama-bpe", name);
      patterns_.emplace_back(name == "qwen2" ? detail::qwen2_words : detail::llama3_words);
    }
  }

  // Calls visit(word) for every word of `text`, which is valid UTF-8; the words together are the text.
  template <class Visit>
  void split(std::string_view text, Visit&& visit) const {
    if (patterns_.size() == 1) return patterns_[0].split(text, visit);
    // What the first pattern cuts out ends the text for the second: spaces before a number stay together.
    patterns_[0].split(text, [&](std::string_view part) { patterns_[1].split(part, visit); });
  }

 private:
  std::vector<detail::Pattern> patterns_;  // one or two, applied in turn
};

}  // namespace litestage::io
