// Answers the question at once, without reasoning. This is the control for staged reasoning, which must do better to be
// worth its tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/prompt/answer_format.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/expected.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/fill.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

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

  [[nodiscard]] std::size_t size() const { return 1; }
  [[nodiscard]] StageInfo stage(std::size_t i) const {
    LITESTAGE_ASSERT(i < size(), i);
    if (chat) return {.name = "direct", .max_new_tokens = max_new_tokens};
    return {.name = "direct", .max_new_tokens = max_new_tokens, .stop = {"\n"}};
  }

  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const {
    LITESTAGE_ASSERT(i < size(), i);
    const Question& question = transcript.question;
    check_options(question);
    if (!chat) {
      const std::string text = concat(question.stem, "\n", option_list(question, " "), "\n", opening);
      return {Prompt{.messages = {{Role::text, text}}}};
    }
    const std::string text =
        concat("Question: ", question.stem, "\n", option_list(question, "\n"),
               "\n\nWhich option is the best answer to the question? Reply with exactly: The answer is option (X).");
    Prompt prompt;
    if (!system.empty()) prompt.messages.push_back({Role::system, filled_system(question, "stages direct")});
    prompt.messages.push_back({Role::user, text});
    return {prompt};
  }

  // The generated text begins with the letter itself, possibly in brackets.
  [[nodiscard]] AnswerFormat answer_format() const {
    if (chat) return chat_answer();
    return {.rule = AnswerRule::stated, .letter_prefix = " ", .opening = opening};
  }

  // Placeholders are checked when the settings are read, not at the first question.
  void check(const Where& where) const { static_cast<void>(filled_system({}, where)); }

  static constexpr auto fields() {
    return std::tuple(
        Field("max_new_tokens", &Direct::max_new_tokens, "largest number of tokens of the stage", 1, 1'000'000),
        Field("chat", &Direct::chat, "whether the question is a chat message, not a text to continue"),
        Field("system", &Direct::system, "system message of a chat; empty for none"));
  }
  friend bool operator==(const Direct&, const Direct&) = default;

 private:
  static constexpr const char* opening = "So the answer is option";

  // Fills placeholders as Chat does.
  [[nodiscard]] std::string filled_system(const Question& question, const Where& where) const {
    const std::string options = option_list(question, "\n");
    const Placeholder known[] = {{"question", question.stem}, {"options", options}};
    return fill(system, known, where.at("system"));
  }
};

}  // namespace litestage::stages
