// Rendering of conversations by chat templates.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/chat_formats.hpp"
#include "litestage/io/text/chat_template.hpp"
#include "litestage/io/text/jinja/program.hpp"
#include "litestage/io/text/jinja/values/marked_text.hpp"
#include "litestage/io/text/jinja/values/render_state.hpp"
#include "litestage/io/text/jinja/values/value.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

namespace detail {

[[nodiscard]] inline std::string_view role_name(Role role) {
  return role == Role::system ? "system" : role == Role::user ? "user" : "assistant";
}

// The variable `messages`: the names of roles are markup, what the messages say are words.
[[nodiscard]] inline jinja::Value messages_value(const std::vector<Message>& messages, jinja::RenderState& state) {
  using jinja::Value;
  jinja::Values list;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Value content = jinja::MarkedText(messages[i].text, jinja::of_message(i));
    list.push_back(state.dict(
        {{Value::markup("role"), Value::markup(role_name(messages[i].role))}, {Value::markup("content"), content}}));
  }
  return state.list(std::move(list));
}

[[nodiscard]] inline jinja::Value variable_value(const std::string& text) {
  if (text == "true" || text == "false") return jinja::Value(text == "true");
  std::int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc{} && end == text.data() + text.size()) return jinja::Value(whole);
  return jinja::MarkedText(text, jinja::Author::variable);
}

[[nodiscard]] inline bool has_words_of(const jinja::MarkedText& text, std::size_t message) {
  return std::any_of(text.runs().begin(), text.runs().end(),
                     [&](const auto& run) { return run.author == jinja::of_message(message); });
}

}  // namespace detail

LITESTAGE_INLINE ChatTemplate::ChatTemplate(std::string_view jinja, std::string name, TemplateTokens tokens,
                                            std::vector<TemplateVariable> variables)
    : program_(std::make_shared<const jinja::Program>(jinja, std::move(name))),
      tokens_(std::move(tokens)),
      variables_(std::move(variables)) {
  for (const TemplateVariable& variable : variables_) {
    if (jinja.find(variable.name) != std::string_view::npos) continue;
    throw Error(concat("--template-variable is ", in_quotes(variable.name + "=" + variable.value), ", but ",
                       program_->name(), " has no variable of this name, expected one that it has"));
  }
}

LITESTAGE_INLINE std::string_view ChatTemplate::format_named(std::string_view name) {
  const auto found =
      std::find_if(chat_formats.begin(), chat_formats.end(), [&](const ChatFormat& f) { return f.name == name; });
  if (found != chat_formats.end()) return found->jinja;
  throw Error(concat("--chat-template is ", in_quotes(name),
                     ", expected chatml, zephyr, llama-2 or llama-3, or a file whose name ends in .jinja"));
}

LITESTAGE_INLINE std::vector<TextPart> ChatTemplate::render(const Prompt& prompt) const {
  if (std::optional<std::vector<TextPart>> plain = plain_text(prompt)) return *plain;
  const jinja::MarkedText text = rendered(prompt.messages);
  refuse_lost_messages(prompt.messages, text);
  std::vector<TextPart> parts = text.parts();
  parts.push_back({.text = prompt.continuation, .markup = false});
  return parts;
}

LITESTAGE_INLINE jinja::MarkedText ChatTemplate::rendered(const std::vector<Message>& messages) const {
  using jinja::Value;
  jinja::RenderState making(program_->name(), jinja::Limits{});
  jinja::Program::NamedValues values = {{"messages", detail::messages_value(messages, making)},
                                        {"tools", Value::none()},
                                        {"documents", Value::none()},
                                        {"add_generation_prompt", Value(true)},
                                        {"bos_token", Value::markup(tokens_.bos)},
                                        {"eos_token", Value::markup(tokens_.eos)},
                                        {"unk_token", Value::markup(tokens_.unknown)}};
  for (const TemplateVariable& variable : variables_)
    values.emplace_back(variable.name, detail::variable_value(variable.value));
  return program_->render(values);
}

LITESTAGE_INLINE void ChatTemplate::refuse_lost_messages(const std::vector<Message>& messages,
                                                         const jinja::MarkedText& text) const {
  const bool is_mixed = std::any_of(text.runs().begin(), text.runs().end(),
                                    [](const auto& run) { return run.author == jinja::Author::several; });
  if (is_mixed) return;  // nobody can tell whose words they are
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (trimmed(messages[i].text).empty() || detail::has_words_of(text, i)) continue;
    // The template may have a reason in these words, such as reasoning that it drops, or a switch like /no_think.
    std::vector<Message> others = messages;
    others[i].text = "words";
    if (detail::has_words_of(rendered(others), i)) continue;
    throw Error(concat(program_->name(), ": the template leaves out message ", i,
                       " of a conversation, which is of the role ", detail::role_name(messages[i].role),
                       ", expected conversations that it writes as a whole"));
  }
}

LITESTAGE_INLINE std::optional<std::vector<TextPart>> ChatTemplate::plain_text(const Prompt& prompt) {
  LITESTAGE_ASSERT(!prompt.messages.empty(), "a prompt has messages");
  const bool is_plain = prompt.messages.front().role == Role::text;
  for (const Message& message : prompt.messages) {
    LITESTAGE_ASSERT((message.role == Role::text) == is_plain && (!is_plain || prompt.messages.size() == 1),
                     "a prompt is either one text or a conversation");
  }
  if (!is_plain) return std::nullopt;
  return std::vector<TextPart>{{.text = prompt.messages.front().text, .markup = false},
                               {.text = prompt.continuation, .markup = false}};
}

LITESTAGE_INLINE std::string ChatTemplate::advice() {
  return "use --stages tinythinker, which needs no chat template, or --chat-template chatml, zephyr, llama-2, llama-3 "
         "or "
         "FILE.jinja";
}

}  // namespace litestage::io
