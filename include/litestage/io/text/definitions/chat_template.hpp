// Rendering of conversations in the formats of models.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/fnv1a.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/chat_style.hpp"
#include "litestage/io/text/chat_template.hpp"
#include "litestage/io/text/known_templates.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

LITESTAGE_INLINE ChatTemplate ChatTemplate::named(std::string_view name, std::string bos, std::string eos) {
  if (const std::optional<ChatFormat> format = enumerator_named<ChatFormat>(name))
    return {ChatStyle{*format}, std::move(bos), std::move(eos)};
  throw Error(concat("--chat-template is ", in_quotes(name), ", expected chatml, zephyr, llama-2 or llama-3"));
}

LITESTAGE_INLINE ChatTemplate ChatTemplate::recognised(std::string_view jinja, std::string bos, std::string eos,
                                                       std::string_view source, std::span<const KnownTemplate> known) {
  if (jinja.empty()) throw Error(concat(source, ": key tokenizer.chat_template is missing, ", advice()));
  const ChatStyle* style = known_style(jinja, known);
  if (style == nullptr) {
    throw Error(concat(source, ": the text of key tokenizer.chat_template (", jinja.size(), " bytes, FNV-1a ",
                       hexadecimal(text_hash(jinja)), ") is not one of those known, ", advice()));
  }
  return {*style, std::move(bos), std::move(eos)};
}

LITESTAGE_INLINE std::vector<TextPart> ChatTemplate::render(const Prompt& prompt) const {
  if (std::optional<std::vector<TextPart>> plain = plain_text(prompt)) return *plain;
  if (style_.in_turn || style_.format == ChatFormat::llama2) need_turns(prompt.messages);
  std::vector<TextPart> parts;
  switch (style_.format) {
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

LITESTAGE_INLINE std::optional<std::vector<TextPart>> ChatTemplate::plain_text(const Prompt& prompt) {
  LITESTAGE_ASSERT(!prompt.messages.empty(), "a prompt has messages");
  const bool is_plain = prompt.messages.front().role == Role::text;
  for (const Message& message : prompt.messages) {
    LITESTAGE_ASSERT((message.role == Role::text) == is_plain && (!is_plain || prompt.messages.size() == 1),
                     "a prompt is either one text or a conversation");
  }
  if (!is_plain) return std::nullopt;
  return std::vector<TextPart>{words(prompt.messages.front().text), words(prompt.continuation)};
}

LITESTAGE_INLINE std::string ChatTemplate::advice() {
  return "use --stages tinythinker, which needs no chat template, or --chat-template chatml, zephyr, llama-2 or "
         "llama-3";
}

LITESTAGE_INLINE std::string_view ChatTemplate::name_of(Role role) {
  return role == Role::system ? "system" : role == Role::user ? "user" : "assistant";
}

LITESTAGE_INLINE void ChatTemplate::need_turns(const std::vector<Message>& messages) const {
  const std::size_t first = messages.front().role == Role::system ? 1 : 0;
  for (std::size_t i = first; i < messages.size(); ++i) {
    const Role expected = (i - first) % 2 == 0 ? Role::user : Role::assistant;
    if (messages[i].role == expected) continue;
    throw Error(concat("message ", i, " of a conversation is of the role ", name_of(messages[i].role), ", expected ",
                       name_of(expected),
                       ": the chat template takes user and assistant in turn, after a system message or none"));
  }
  if (style_.in_turn && messages.back().role != Role::user) {
    throw Error(concat("the last message of a conversation is of the role ", name_of(messages.back().role),
                       ", expected user: the chat template takes no others there"));
  }
}

LITESTAGE_INLINE std::vector<TextPart> ChatTemplate::chatml(const std::vector<Message>& messages) const {
  std::vector<TextPart> parts;
  if (style_.default_system && messages.front().role != Role::system) {
    parts.push_back(markup(concat("<|im_start|>system\n", *style_.default_system, "<|im_end|>\n")));
  }
  for (const Message& message : messages) {
    parts.push_back(markup(concat("<|im_start|>", name_of(message.role), "\n")));
    parts.push_back(words(message.text));
    parts.push_back(markup("<|im_end|>\n"));
  }
  parts.push_back(markup("<|im_start|>assistant\n"));
  return parts;
}

LITESTAGE_INLINE std::vector<TextPart> ChatTemplate::zephyr(const std::vector<Message>& messages) const {
  std::vector<TextPart> parts;
  for (const Message& message : messages) {
    parts.push_back(markup(concat("<|", name_of(message.role), "|>\n")));
    parts.push_back(words(message.text));
    parts.push_back(markup(eos_ + "\n"));
  }
  parts.push_back(markup("<|assistant|>\n"));
  return parts;
}

LITESTAGE_INLINE std::vector<TextPart> ChatTemplate::llama2(const std::vector<Message>& messages) const {
  const bool has_system = messages.front().role == Role::system;
  std::vector<TextPart> parts;
  for (std::size_t i = has_system ? 1 : 0; i < messages.size(); ++i) {
    if (messages[i].role == Role::assistant) {
      parts.push_back(markup(" "));
      parts.push_back(words(trimmed(messages[i].text)));
      parts.push_back(markup(concat(" ", eos_)));
      continue;
    }
    parts.push_back(markup(bos_ + "[INST] "));
    if (i == 1 && has_system) {
      append_llama2_system(messages[0].text, messages[i].text, parts);
    } else {
      parts.push_back(words(trimmed(messages[i].text)));
    }
    parts.push_back(markup(" [/INST]"));
  }
  return parts;
}

LITESTAGE_INLINE void ChatTemplate::append_llama2_system(const std::string& system, std::string_view question,
                                                         std::vector<TextPart>& parts) {
  const std::string_view inner = trimmed(question);
  // White space before the question is kept. If the question is only white space, the line breaks before it are dropped
  // too.
  const std::string_view kept =
      inner.empty() ? inner : question.substr(0, inner.data() + inner.size() - question.data());
  parts.push_back(markup("<<SYS>>\n"));
  parts.push_back(words(system));
  parts.push_back(markup(kept.empty() ? "\n<</SYS>>" : "\n<</SYS>>\n\n"));
  parts.push_back(words(kept));
}

LITESTAGE_INLINE std::vector<TextPart> ChatTemplate::llama3(const std::vector<Message>& messages) const {
  std::vector<TextPart> parts{markup(bos_)};
  const auto begin = [&](Role role) {
    parts.push_back(markup(concat("<|start_header_id|>", name_of(role), "<|end_header_id|>\n\n")));
  };
  std::size_t first = 0;
  if (style_.dated) {
    begin(Role::system);
    parts.push_back(markup(concat("Cutting Knowledge Date: December 2023\nToday Date: ", chat_date, "\n\n")));
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

}  // namespace litestage::io
