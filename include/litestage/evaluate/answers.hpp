// From what a model said to the index of an option: read from its text, or scored by the logits of the option letters.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// GCC 12 to 14 with -fsanitize=address warn inside their own <regex> (GCC bug 105616).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <regex>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "litestage/core/error.hpp"
#include "litestage/engine/report.hpp"
#include "litestage/evaluate/metrics.hpp"
#include "litestage/policy/transcript.hpp"

namespace litestage::evaluate {

// Finds the letter in a text by AnswerFormat::pattern. The first match counts, as in TinyThinker's evaluation
// (generate.py:148); what does not name one of the question's options is no answer.
class AnswerReader {
 public:
  // std::regex recurses once per character that a repetition matches; this keeps any pattern far from the stack's end.
  // It is several times the longest stage anyone runs, and answers stand at the front.
  static constexpr std::size_t max_text = 4096;

  explicit AnswerReader(const AnswerFormat& format) {
    try {
      pattern_.assign(format.pattern, std::regex::ECMAScript);
    } catch (const std::regex_error& e) {
      throw Error(concat("answer pattern \"", format.pattern, "\": ", e.what(),
                         ", accepted is an ECMAScript regular expression"));
    }
    if (pattern_.mark_count() == 0) {
      throw Error(concat("answer pattern \"", format.pattern, "\" has no group, accepted is one group for the letter"));
    }
  }

  // The option's index, or no_answer.
  [[nodiscard]] int operator()(std::string_view text, int n_options) const {
    text = text.substr(0, max_text);
    std::match_results<std::string_view::const_iterator> match;
    if (!std::regex_search(text.begin(), text.end(), match, pattern_) || match.length(1) != 1) return no_answer;
    const int option = *match[1].first - 'A';
    return option >= 0 && option < n_options ? option : no_answer;
  }

 private:
  std::regex pattern_;
};

// The option whose letter has the highest logit; ties go to the lowest letter, NaN never wins.
[[nodiscard]] inline int best_letter(std::span<const float> letter_logits) {  // [options]
  int best = no_answer;
  for (std::size_t i = 0; i < letter_logits.size(); ++i) {
    const float logit = letter_logits[i];
    if (logit == logit && (best == no_answer || logit > letter_logits[static_cast<std::size_t>(best)])) {
      best = static_cast<int>(i);
    }
  }
  return best;
}

// What a tokenizer must map to one token each to score n options: letter_prefix + "A", letter_prefix + "B", ...
[[nodiscard]] inline std::vector<std::string> letter_texts(const AnswerFormat& format, int n_options) {
  std::vector<std::string> texts;
  for (int i = 0; i < n_options; ++i) texts.push_back(format.letter_prefix + static_cast<char>('A' + i));
  return texts;
}

// The same from the logits after the probe; letter_tokens[i] is the token of letter_texts(...)[i].
[[nodiscard]] inline int best_letter(std::span<const int> letter_tokens,  // [options]
                                     std::span<const float> logits) {     // [vocab]
  std::vector<float> letter_logits;
  for (std::size_t i = 0; i < letter_tokens.size(); ++i) {
    const int token = letter_tokens[i];
    LITESTAGE_ASSERT(token >= 0 && static_cast<std::size_t>(token) < logits.size(), token, " of ", logits.size());
    LITESTAGE_ASSERT(std::count(letter_tokens.begin(), letter_tokens.end(), token) == 1, "two letters share token ",
                     token);
    letter_logits.push_back(logits[static_cast<std::size_t>(token)]);
  }
  return best_letter(letter_logits);
}

// The two ways of a whole question. Text is read from the last stage's first branch.
[[nodiscard]] inline int extracted_answer(const AnswerReader& read, const QuestionReport& report, int n_options) {
  if (report.stages.empty() || report.stages.back().branches.empty()) return no_answer;
  return read(report.stages.back().branches.front().text, n_options);
}

[[nodiscard]] inline int scored_answer(const QuestionReport& report) {
  return best_letter(report.letter_logits);
}

}  // namespace litestage::evaluate
