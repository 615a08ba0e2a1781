// The format in which a model was trained to read conversations. A model file contains a Jinja program for it. There is
// no Jinja here: the program is recognised by its text (io/text/known_templates.hpp), and the rendered text equals the
// program's output, byte for byte. Unknown programs are refused.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/chat_style.hpp"
#include "litestage/io/text/known_templates.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

class ChatTemplate {
 public:
  // `bos` and `eos` are the texts of these tokens, which some formats write.
  ChatTemplate(ChatStyle style, std::string bos, std::string eos)
      : style_(style), bos_(std::move(bos)), eos_(std::move(eos)) {}

  // The format with a name of enum_names<ChatFormat>, in its plain style.
  [[nodiscard]] static ChatTemplate named(std::string_view name, std::string bos, std::string eos);

  // The format of the Jinja program `jinja` of the file `source`, if `known` contains its text.
  [[nodiscard]] static ChatTemplate recognised(std::string_view jinja, std::string bos, std::string eos,
                                               std::string_view source,
                                               std::span<const KnownTemplate> known = known_templates);

  [[nodiscard]] const ChatStyle& style() const { return style_; }

  // Renders a prompt as text. A single `text` message is used unchanged; a conversation is followed by the markup that
  // begins the assistant's answer. The continuation comes last.
  [[nodiscard]] std::vector<TextPart> render(const Prompt& prompt) const;

  // The parts of a prompt without chat markup, or nothing if the prompt is a conversation.
  [[nodiscard]] static std::optional<std::vector<TextPart>> plain_text(const Prompt& prompt);

  // Advice for using conversations with a model that has no known template.
  [[nodiscard]] static std::string advice();

 private:
  [[nodiscard]] static TextPart words(std::string_view text) { return {.text = std::string(text), .markup = false}; }
  [[nodiscard]] static TextPart markup(std::string text) { return {.text = std::move(text), .markup = true}; }
  [[nodiscard]] static std::string_view name_of(Role role);

  // Refuses conversations whose roles do not take turns: a template that requires it would fail on them, or leave
  // messages out.
  void need_turns(const std::vector<Message>& messages) const;

  [[nodiscard]] std::vector<TextPart> chatml(const std::vector<Message>& messages) const;

  [[nodiscard]] std::vector<TextPart> zephyr(const std::vector<Message>& messages) const;

  // The system message is part of the first question.
  [[nodiscard]] std::vector<TextPart> llama2(const std::vector<Message>& messages) const;

  // The text is trimmed as a whole, that is at its end only, since it begins with markup.
  static void append_llama2_system(const std::string& system, std::string_view question, std::vector<TextPart>& parts);

  // Llama 3.1 and later write dates before the system message, and always have a system message.
  [[nodiscard]] std::vector<TextPart> llama3(const std::vector<Message>& messages) const;

  ChatStyle style_;
  std::string bos_;
  std::string eos_;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/chat_template.hpp"
#endif
