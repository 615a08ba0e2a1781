// Answers the question at once, without reasoning. This is the control for staged reasoning, which must do better to be
// worth its tokens.
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

// The texts are ours and close to those of the staged schedules, so that only the stages make the difference. As raw
// text, it is TinyThinker's question followed by the words after which it scores letters; as a conversation, it is
// Chat's system message and request for an answer.
struct Direct {
  static constexpr std::string_view name = "direct";
  static constexpr std::string_view summary = "one stage, named direct: the answer at once, as a control";

  int max_new_tokens = 24;
  bool chat = false;
  // The first message of a conversation, with the placeholders {question} and {options}; may be empty.
  std::string system = chat_system;

  // Words put into the model's mouth in a conversation: "The answer is" forces an answer.
  std::string continuation = {};

  [[nodiscard]] Custom schedule() const;

  [[nodiscard]] std::size_t size() const { return 1; }
  [[nodiscard]] StageInfo stage(std::size_t i) const;
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const;
  [[nodiscard]] AnswerFormat answer_format() const;
  [[nodiscard]] std::size_t branches(const Question& question) const;
  void check_question(const Question& question) const;

  // Placeholders are checked when the settings are read, not at the first question.
  void check(const Where& where) const;

  static constexpr auto fields() {
    return Fields(
        Field("max_new_tokens", &Direct::max_new_tokens, "largest number of tokens of the stage", 1, 1'000'000),
        Field("chat", &Direct::chat, "whether the question is a chat message, not a text to continue"),
        Field("system", &Direct::system, "system message of a chat; empty for none"),
        // Left out at its default, so that journals of `direct` without it are continued.
        Field("continuation", &Direct::continuation, "words put into the model's mouth in a chat")
            .with(Presence::unless_default));
  }
  friend bool operator==(const Direct&, const Direct&) = default;
};

}  // namespace litestage::stages

#if LITESTAGE_HEADER_ONLY
#include "litestage/stages/definitions/direct.hpp"
#endif
