// TinyThinker's three stages (arXiv 2412.08024): recall a fact, analyze each option by itself, summarize. The strings
// are those of its repository (shengminp/TinyThinker, a11ef50), written for continuation: no chat markup.
//
//   {stem}
//   (A) first option (B) second option
//   Recall: {fact}
//   Analyze: For option A, {analysis}                       one branch per option
//   Analyze: For option A, {analysis} For option B, ...     the analyses of all options, then
//   Summarize:
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/field.hpp"

namespace litestage::stages {

struct Custom;

// TinyThinker uses a fine-tuned T5 with 200 tokens per stage and its own end token. For a causal model that was not
// trained on the format, the stop at a newline and the caps are our defaults.
struct TinyThinker {
  static constexpr std::string_view name = "tinythinker";
  static constexpr std::string_view summary = "recall, analyze each option, summarize, as one text to be continued";

  int recall_tokens = 64;
  int analyze_tokens = 64;
  int summarize_tokens = 24;

  [[nodiscard]] Custom schedule() const;

  [[nodiscard]] std::size_t size() const { return 3; }
  [[nodiscard]] StageInfo stage(std::size_t i) const;
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const;
  [[nodiscard]] AnswerFormat answer_format() const;
  [[nodiscard]] std::size_t branches(const Question& question) const;
  void check_question(const Question& question) const;

  static constexpr auto fields() {
    return Fields(
        Field("recall_tokens", &TinyThinker::recall_tokens, "largest number of tokens of recall", 1, 1'000'000),
        Field("analyze_tokens", &TinyThinker::analyze_tokens, "largest number of tokens of analyze, per option", 1,
              1'000'000),
        Field("summarize_tokens", &TinyThinker::summarize_tokens, "largest number of tokens of summarize", 1,
              1'000'000));
  }
  friend bool operator==(const TinyThinker&, const TinyThinker&) = default;
};

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/tiny_thinker.hpp"
#endif
