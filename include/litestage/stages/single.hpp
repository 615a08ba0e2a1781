// One stage: the question unchanged, for free prompts. Copy this as the template for a new schedule.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/prompt/transcript.hpp"
#include "litestage/settings/field.hpp"
#include "litestage/stages/wording.hpp"

namespace litestage::stages {

// Options, if there are any, follow the question on their own line. The schedule has no answer letter, so it is only
// for free prompts.
struct Single {
  static constexpr std::string_view name = "single";
  static constexpr std::string_view summary = "one stage, named answer: the question unchanged";

  int max_new_tokens = 64;
  bool chat = false;

  [[nodiscard]] std::size_t size() const { return 1; }
  [[nodiscard]] StageInfo stage(std::size_t i) const {
    LITESTAGE_ASSERT(i < size(), i);
    return {.name = "answer", .max_new_tokens = max_new_tokens};
  }
  [[nodiscard]] std::vector<Prompt> prompts(std::size_t i, const Transcript& transcript) const {
    LITESTAGE_ASSERT(i < size(), i);
    const Question& question = transcript.question;
    std::string text = question.stem;
    if (!question.options.empty()) {
      check_options(question);
      text += "\n" + option_list(question, " ");
    }
    return {Prompt{.messages = {{chat ? Role::user : Role::text, text}}}};
  }

  static constexpr auto fields() {
    return Fields(
        Field("max_new_tokens", &Single::max_new_tokens, "largest number of tokens of the stage", 1, 1'000'000),
        Field("chat", &Single::chat, "whether the question is a chat message, not a text to continue"));
  }
  friend bool operator==(const Single&, const Single&) = default;
};

}  // namespace litestage::stages
