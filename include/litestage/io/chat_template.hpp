// How a model was taught to read conversations. A model file carries a Jinja program for it; there is no Jinja here,
// but the handful of formats that these programs write. Which one, its default system message and its dates are read
// out of the program's text, and what is rendered equals what the program would have written, byte for byte.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"
#include "litestage/core/utf8.hpp"
#include "litestage/io/jinja_text.hpp"
#include "litestage/io/text_part.hpp"
#include "litestage/policy/transcript.hpp"

namespace litestage::io {

enum class ChatFormat {
  chatml,  // SmolLM2, Qwen 2 and 2.5, many others
  zephyr,  // Zephyr, TinyLlama
  llama2,  // Llama 2, Mistral's first models take it too
  llama3   // Llama 3 to 3.3
};

inline constexpr std::array<std::string_view, 4> chat_format_names = {"chatml", "zephyr", "llama-2", "llama-3"};

class ChatTemplate {
 public:
  // `bos` and `eos` are the texts of these tokens: formats write them.
  ChatTemplate(ChatFormat format, std::string bos, std::string eos)
      : format_(format), bos_(std::move(bos)), eos_(std::move(eos)) {}

  // The format with one of `chat_format_names`.
  [[nodiscard]] static ChatTemplate named(std::string_view name, std::string bos, std::string eos) {
    for (std::size_t i = 0; i < chat_format_names.size(); ++i) {
      if (chat_format_names[i] == name) return {static_cast<ChatFormat>(i), std::move(bos), std::move(eos)};
    }
    throw Error(concat("--chat-template is ", in_quotes(name), ", accepted are chatml, zephyr, llama-2 and llama-3"));
  }

  // What the Jinja program `jinja` of the file `source` writes.
  [[nodiscard]] static ChatTemplate recognised(std::string_view jinja, std::string bos, std::string eos,
                                               std::string_view source) {
    if (jinja.empty()) throw Error(concat(source, ": key tokenizer.chat_template is missing, ", advice()));
    const std::optional<ChatFormat> format = format_of(jinja);
    if (!format) throw Error(concat(source, ": tokenizer.chat_template is of no known kind, ", advice()));
    ChatTemplate chat(*format, std::move(bos), std::move(eos));
    if (*format == ChatFormat::chatml) {
      chat.default_system_ = default_chatml_system(jinja);
      chat.trims_ = mentions(jinja, {"trim", "strip("});
    }
    if (*format == ChatFormat::llama3 && mentions(jinja, {"Cutting Knowledge Date: December 2023"})) {
      chat.date_ = assigned_text(jinja, "date_string").value_or("26 Jul 2024");
    }
    return chat;
  }

  [[nodiscard]] ChatFormat format() const { return format_; }
  // The system message of conversations that have none; nothing where such conversations simply begin.
  [[nodiscard]] const std::optional<std::string>& default_system() const { return default_system_; }

  // The prompt's text. A single `text` message stands for itself; a conversation is followed by the markup that
  // begins the assistant's answer. The continuation comes last.
  [[nodiscard]] std::vector<TextPart> render(const Prompt& prompt) const {
    if (std::optional<std::vector<TextPart>> plain = plain_text(prompt)) return *plain;
    std::vector<TextPart> parts;
    switch (format_) {
      case ChatFormat::chatml:
        parts = chatml(prompt.messages);
        break;
      case ChatFormat::zephyr:
        parts = zephyr(prompt.messages);
        break;
      case ChatFormat::llama2:
        parts = llama2(prompt.messages);
        break;
      case ChatFormat::llama3:
        parts = llama3(prompt.messages);
        break;
    }
    parts.push_back(words(prompt.continuation));
    return parts;
  }

  // The parts of a prompt without chat markup; nothing where the prompt is a conversation.
  [[nodiscard]] static std::optional<std::vector<TextPart>> plain_text(const Prompt& prompt) {
    LITESTAGE_ASSERT(!prompt.messages.empty(), "a prompt has messages");
    const bool is_plain = prompt.messages.front().role == Role::text;
    for (const Message& message : prompt.messages) {
      LITESTAGE_ASSERT((message.role == Role::text) == is_plain && (!is_plain || prompt.messages.size() == 1),
                       "a prompt is either one text or a conversation");
    }
    if (!is_plain) return std::nullopt;
    return std::vector<TextPart>{words(prompt.messages.front().text), words(prompt.continuation)};
  }

  // What to do about a conversation for a model without a known template.
  [[nodiscard]] static std::string advice() {
    return "use --stages tinythinker, which needs no chat template, or --chat-template chatml, zephyr, llama-2 or "
           "llama-3";
  }

 private:
  [[nodiscard]] static TextPart words(std::string_view text) { return TextPart{std::string(text), false}; }
  [[nodiscard]] static TextPart markup(std::string text) { return TextPart{std::move(text), true}; }
  [[nodiscard]] static std::string_view name_of(Role role) {
    return role == Role::system ? "system" : role == Role::user ? "user" : "assistant";
  }

  [[nodiscard]] static std::optional<ChatFormat> format_of(std::string_view jinja) {
    // Templates that rewrite or drop what was thought aloud write more than these formats do, and Phi's, which have the
    // marks of ChatML and Zephyr in them, other things (<|im_sep|> after a role, <|end|> after a message).
    if (mentions(jinja, {"think>", "reasoning_content", "<|im_sep|>", "<|end|>"})) return std::nullopt;
    if (mentions(jinja, {"<|im_start|>"})) return ChatFormat::chatml;
    if (mentions(jinja, {"<|start_header_id|>"})) return ChatFormat::llama3;
    if (mentions(jinja, {"<|user|>"}) && mentions(jinja, {"<|assistant|>"}) && mentions(jinja, {"eos_token"})) {
      return ChatFormat::zephyr;
    }
    if (mentions(jinja, {"[INST]"}) && mentions(jinja, {"<<SYS>>"})) return ChatFormat::llama2;
    return std::nullopt;
  }

  [[nodiscard]] std::vector<TextPart> chatml(const std::vector<Message>& messages) const {
    std::vector<TextPart> parts;
    if (default_system_ && messages.front().role != Role::system) {
      parts.push_back(markup(concat("<|im_start|>system\n", *default_system_, "<|im_end|>\n")));
    }
    for (const Message& message : messages) {
      parts.push_back(markup(concat("<|im_start|>", name_of(message.role), "\n")));
      parts.push_back(words(trims_ ? trimmed(message.text) : message.text));
      parts.push_back(markup("<|im_end|>\n"));
    }
    parts.push_back(markup("<|im_start|>assistant\n"));
    return parts;
  }

  [[nodiscard]] std::vector<TextPart> zephyr(const std::vector<Message>& messages) const {
    std::vector<TextPart> parts;
    for (const Message& message : messages) {
      parts.push_back(markup(concat("<|", name_of(message.role), "|>\n")));
      parts.push_back(words(message.text));
      parts.push_back(markup(eos_ + "\n"));
    }
    parts.push_back(markup("<|assistant|>\n"));
    return parts;
  }

  // The system message is part of the first question.
  [[nodiscard]] std::vector<TextPart> llama2(const std::vector<Message>& messages) const {
    const bool has_system = messages.front().role == Role::system;
    std::vector<TextPart> parts;
    for (std::size_t i = has_system ? 1 : 0; i < messages.size(); ++i) {
      const std::size_t turn = i - (has_system ? 1 : 0);
      if (messages[i].role != (turn % 2 == 0 ? Role::user : Role::assistant)) {
        throw Error(concat("message ", i, " of a conversation is of the role ", name_of(messages[i].role),
                           ", accepted in llama-2 are user and assistant in turn, after a system message or none"));
      }
      if (messages[i].role == Role::assistant) {
        parts.push_back(markup(" "));
        parts.push_back(words(trimmed(messages[i].text)));
        parts.push_back(markup(concat(" ", eos_)));
        continue;
      }
      parts.push_back(markup(bos_ + "[INST] "));
      if (turn == 0 && has_system) {
        append_llama2_system(messages[0].text, messages[i].text, parts);
      } else {
        parts.push_back(words(trimmed(messages[i].text)));
      }
      parts.push_back(markup(" [/INST]"));
    }
    return parts;
  }

  // Trimmed as a whole: at its end only, since it begins with markup.
  static void append_llama2_system(const std::string& system, std::string_view question, std::vector<TextPart>& parts) {
    const std::string_view inner = trimmed(question);
    // White space before the question stays; a question of nothing else takes the line breaks before it along.
    const std::string_view kept =
        inner.empty() ? inner : question.substr(0, inner.data() + inner.size() - question.data());
    parts.push_back(markup("<<SYS>>\n"));
    parts.push_back(words(system));
    parts.push_back(markup(kept.empty() ? "\n<</SYS>>" : "\n<</SYS>>\n\n"));
    parts.push_back(words(kept));
  }

  // Llama 3.1 and later put dates before the system message and have one in any case.
  [[nodiscard]] std::vector<TextPart> llama3(const std::vector<Message>& messages) const {
    std::vector<TextPart> parts{markup(bos_)};
    const auto begin = [&](Role role) {
      parts.push_back(markup(concat("<|start_header_id|>", name_of(role), "<|end_header_id|>\n\n")));
    };
    std::size_t first = 0;
    if (date_) {
      begin(Role::system);
      parts.push_back(markup(concat("Cutting Knowledge Date: December 2023\nToday Date: ", *date_, "\n\n")));
      if (messages[0].role == Role::system) parts.push_back(words(trimmed(messages[first++].text)));
      parts.push_back(markup("<|eot_id|>"));
    }
    for (std::size_t i = first; i < messages.size(); ++i) {
      begin(messages[i].role);
      parts.push_back(words(trimmed(messages[i].text)));
      parts.push_back(markup("<|eot_id|>"));
    }
    begin(Role::assistant);
    return parts;
  }

  ChatFormat format_;
  std::string bos_;
  std::string eos_;
  std::optional<std::string> default_system_{};  // chatml
  std::optional<std::string> date_{};            // llama-3: "today", fixed, so that runs can be repeated
  bool trims_ = false;                           // chatml: white space around messages goes
};

}  // namespace litestage::io
