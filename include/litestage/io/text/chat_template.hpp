// The format in which a model was trained to read conversations, as the Jinja program in its file describes it
// (io/text/jinja/). The text is that of Jinja2 with the settings of the transformers library, byte for byte.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

namespace jinja {
class MarkedText;
class Program;
}  // namespace jinja

// The texts of tokens that templates may write.
struct TemplateTokens {
  std::string bos{};
  std::string eos{};
  std::string unknown{};
};

// Copies share the parsed program.
class ChatTemplate {
 public:
  // Parses the program `jinja`. `name` says in errors which it is. Throws an Error if the program is not one that is
  // understood here, or does not mention one of the variables.
  ChatTemplate(std::string_view jinja, std::string name, TemplateTokens tokens,
               std::vector<TemplateVariable> variables = {});

  // The program with a name of `chat_formats`.
  [[nodiscard]] static std::string_view format_named(std::string_view name);

  // Renders a prompt as text. A single `text` message is used unchanged; a conversation is followed by the markup that
  // begins the assistant's answer. The continuation comes last. Throws an Error if the program refuses the
  // conversation, or leaves a message out.
  [[nodiscard]] std::vector<TextPart> render(const Prompt& prompt) const;

  // The parts of a prompt without chat markup, or nothing if the prompt is a conversation.
  [[nodiscard]] static std::optional<std::vector<TextPart>> plain_text(const Prompt& prompt);

  // Advice for using conversations with a model that has no usable template.
  [[nodiscard]] static std::string advice();

 private:
  [[nodiscard]] jinja::MarkedText rendered(const std::vector<Message>& messages) const;
  // Throws an Error if the text has nothing of a message because the template leaves out messages at such a place.
  void refuse_lost_messages(const std::vector<Message>& messages, const jinja::MarkedText& text) const;

  std::shared_ptr<const jinja::Program> program_;
  TemplateTokens tokens_;
  std::vector<TemplateVariable> variables_;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/chat_template.hpp"
#endif
