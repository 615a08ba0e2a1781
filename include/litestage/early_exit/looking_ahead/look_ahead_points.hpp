// The points of a text at which an exit policy looks ahead: settings that several policies share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "litestage/core/enum_names.hpp"
#include "litestage/settings/field.hpp"

namespace litestage {

enum class LookAheadAt : std::uint8_t {
  sentence,  // after a full stop, question or exclamation mark, or a line break
  line,      // after a line break
  token      // after any token
};
template <>
struct EnumNames<LookAheadAt> {
  static constexpr std::array<std::string_view, 3> names = {"sentence", "line", "token"};
};

}  // namespace litestage

namespace litestage::early_exit {

// Finds the ends of sentences and lines in a text that comes piece by piece. A full stop after a digit is the end of a
// sentence only if white space follows ("18. She", not "3.5"), and not where it follows a number that begins its line
// ("1. First").
class TextEnds {
 public:
  // Takes the text of the next token. Returns whether a sentence, or a line, ends with it.
  [[nodiscard]] bool sentence_ends(std::string_view piece) {
    bool ends = false;
    for (std::size_t i = 0; i < piece.size(); ++i) {
      const char c = piece[i];
      const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (c == '\n' || (space && pending_)) ends = true;
      const bool mark = c == '.' || c == '!' || c == '?';
      pending_ = mark && c == '.' && after_digit_ && !numbers_line_;
      if (mark && !after_digit_ && i + 1 == piece.size()) ends = true;
      const bool digit = c >= '0' && c <= '9';
      if (c == '\n')
        numbers_line_ = true;
      else if (!space && !digit)
        numbers_line_ = numbers_line_ && c == '.' && after_digit_;
      after_digit_ = digit;
    }
    return ends;
  }
  [[nodiscard]] static bool line_ends(std::string_view piece) { return piece.find('\n') != std::string_view::npos; }

 private:
  bool after_digit_ = false;  // whether the last character is a digit
  bool numbers_line_ = true;  // whether the line so far is a number, perhaps with a full stop
  bool pending_ = false;      // whether the last character is a full stop after a digit
};

// How far a branch has come.
struct LookAheadPosition {
  TextEnds ends;
  int tokens = 0;  // of the branch
  int points = 0;  // since the last look-ahead
  int looks = 0;   // look-aheads so far
};

// The defaults are ours: DEER's signs of a thought's end ("Wait") and EAT's paragraphs hardly occur in the short stages
// of instruction-tuned models. The arguments of the template are the defaults of a policy.
template <LookAheadAt At = LookAheadAt::sentence, int Every = 1, int Most = 10>
struct LookAheadPoints {
  LookAheadAt at = At;
  int every = Every;
  int min_tokens = 16;
  int most = Most;  // DEER's max_judge_steps (iie-ycx/DEER, c9dd19f, vllm-deer.py); 0: no limit

  // Takes the text of the next token. Returns whether to look ahead after it.
  [[nodiscard]] bool reached(LookAheadPosition& p, std::string_view piece) const {
    ++p.tokens;
    const bool sentence = p.ends.sentence_ends(piece);
    const bool point = at == LookAheadAt::token || (at == LookAheadAt::line ? TextEnds::line_ends(piece) : sentence);
    if (!point || ++p.points < every || p.tokens < min_tokens || (most > 0 && p.looks >= most)) return false;
    p.points = 0;
    ++p.looks;
    return true;
  }

  static constexpr auto fields() {
    using P = LookAheadPoints;
    return Fields(Field("at", &P::at, "where it looks ahead"),
                  Field("every", &P::every, "it looks ahead at every n-th of these places", 1, 100000),
                  Field("min_tokens", &P::min_tokens, "number of tokens before the first look-ahead", 1, 100000),
                  Field("most", &P::most, "largest number of look-aheads in a branch; 0: no limit", 0, 100000));
  }
  friend bool operator==(const LookAheadPoints&, const LookAheadPoints&) = default;
};

}  // namespace litestage::early_exit
