// The three stages of TinyThinker as a conversation, for instruction-tuned models. Its texts are settings. For other
// changes, edit the same schedule as data, examples/data/stages/chat.json (docs/stages.md).
//
//   recall     system, user: recall text
//   analyze    system, user: recall text, assistant: the fact, user: analyze text          one branch per option
//   summarize  system, user: recall text, assistant: the fact, user: summarize text
//
// Later conversations begin with earlier ones, so that their K/V entries are reused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

struct Custom;

// All texts may use {question} and {options} (one per line, with letters); analyze and analysis also {recall}, {letter}
// and {option}; analysis {analysis}; summarize {recall} and {analyses}, the lines made by `analysis`. White space at
// both ends of a generated text is removed before the text is used.
struct Chat {
  static constexpr std::string_view name = "chat";
  static constexpr std::string_view summary = "recall, analyze each option, summarize, as a conversation";

  std::string system = chat_system;  // may be empty
  std::string recall =
      "Question: {question}\n{options}\n\n"
      "First, state in one or two sentences the key fact that decides this question. Do not choose an option yet.";
  std::string analyze =
      "Consider only option ({letter}): {option}\n"
      "Given the key fact, is it the right answer to the question? Say why or why not in one sentence.";
  std::string analysis = "({letter}) {option}: {analysis}";
  std::string summarize =
      "Here is an analysis of each option:\n{analyses}\n\n"
      "Which option is the best answer to the question? Reply with exactly: The answer is option (X).";
  int recall_tokens = 64;
  int analyze_tokens = 64;
  int summarize_tokens = 24;
  std::vector<std::string> stop = {};  // ends any stage; the model's own end-of-turn token always does

  [[nodiscard]] Custom schedule() const;

  [[nodiscard]] std::size_t size() const { return 3; }
  [[nodiscard]] StageInfo stage(std::size_t i) const;
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const;
  [[nodiscard]] AnswerFormat answer_format() const;
  [[nodiscard]] std::size_t branches(const Question& question) const;
  void check_question(const Question& question) const;

  // Placeholders are checked when the settings are read, not at the first question.
  void check(const Where& where) const;

  static constexpr auto fields() {
    return Fields(
        Field("system", &Chat::system, "system message; empty for none"),
        Field("recall", &Chat::recall, "message that asks for the key fact"),
        Field("analyze", &Chat::analyze, "message that asks whether one option is right"),
        Field("analysis", &Chat::analysis, "form of one analysis in the message `summarize`"),
        Field("summarize", &Chat::summarize, "message that asks for the answer"),
        Field("recall_tokens", &Chat::recall_tokens, "largest number of tokens of recall", 1, 1'000'000),
        Field("analyze_tokens", &Chat::analyze_tokens, "largest number of tokens of analyze, per option", 1, 1'000'000),
        Field("summarize_tokens", &Chat::summarize_tokens, "largest number of tokens of summarize", 1, 1'000'000),
        Field("stop", &Chat::stop, "strings that end a stage"));
  }
  friend bool operator==(const Chat&, const Chat&) = default;
};

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/chat.hpp"
#endif
