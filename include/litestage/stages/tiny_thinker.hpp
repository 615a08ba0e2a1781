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
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

// TinyThinker uses a fine-tuned T5 with 200 tokens per stage and its own end token. For a causal model that was not
// trained on the format, the stop at a newline and the caps are our defaults.
struct TinyThinker {
  static constexpr std::string_view name = "tinythinker";
  static constexpr std::string_view summary = "recall, analyze each option, summarize, as one text to be continued";

  int recall_tokens = 64;
  int analyze_tokens = 64;
  int summarize_tokens = 24;

  [[nodiscard]] std::size_t size() const { return 3; }
  [[nodiscard]] StageInfo stage(std::size_t i) const {
    LITESTAGE_ASSERT(i < size(), i);
    if (i == 0) return {.name = "recall", .max_new_tokens = recall_tokens, .stop = {"\n"}};
    if (i == 1) return {.name = "analyze", .max_new_tokens = analyze_tokens, .stop = {"\n"}};
    return {.name = "summarize", .max_new_tokens = summarize_tokens, .stop = {"\n"}};
  }

  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const {
    LITESTAGE_ASSERT(i < size(), i);
    check_options(transcript.question);
    const std::string recall =
        concat(transcript.question.stem, "\n", option_list(transcript.question, " "), "\nRecall:");
    if (i == 0) return {as_text(recall)};
    const std::string analyze = concat(recall, " ", as_sentence(output(transcript, 0, 0)), "\nAnalyze:");
    const std::size_t n_options = transcript.question.options.size();
    std::vector<Prompt> branches;
    std::string summarize = analyze;
    for (std::size_t o = 0; o < n_options; ++o) {
      const std::string lead = concat(" For option ", option_letter(o), ",");
      if (i == 1) branches.push_back(as_text(analyze + lead));
      if (i == 2) summarize += concat(lead, " ", as_sentence(output(transcript, 1, o)));
    }
    if (i == 1) return branches;
    return {as_text(summarize + "\nSummarize:")};
  }

  // The probe begins with the space that a model would generate after "Summarize:".
  [[nodiscard]] AnswerFormat answer_format() const {
    return {.rule = AnswerRule::tiny_thinker, .probe = " So the answer is option", .letter_prefix = " "};
  }

  static constexpr auto fields() {
    return std::tuple(
        Field("recall_tokens", &TinyThinker::recall_tokens, "largest number of tokens of recall", 1, 1'000'000),
        Field("analyze_tokens", &TinyThinker::analyze_tokens, "largest number of tokens of analyze, per option", 1,
              1'000'000),
        Field("summarize_tokens", &TinyThinker::summarize_tokens, "largest number of tokens of summarize", 1,
              1'000'000));
  }
  friend bool operator==(const TinyThinker&, const TinyThinker&) = default;

  // TinyThinker's rule for generated text: strip it and add a full stop unless it ends in . " or '. Empty text becomes
  // ".".
  [[nodiscard]] static std::string as_sentence(std::string_view text) {
    std::string sentence = std::string(trimmed_ascii(text));
    if (sentence.empty() || std::string_view(".\"'").find(sentence.back()) == std::string_view::npos) sentence += '.';
    return sentence;
  }

 private:
  [[nodiscard]] static Prompt as_text(std::string text) { return {.messages = {{Role::text, std::move(text)}}}; }
};

}  // namespace litestage::stages
