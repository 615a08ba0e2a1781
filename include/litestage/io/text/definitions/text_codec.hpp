// Encoding of prompts as tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/text/chat_template.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/prompt/tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

LITESTAGE_INLINE TextCodec::TextCodec(Vocabulary vocabulary, std::string source, const ChatOptions& options)
    : source_(std::move(source)), tokenizer_(std::move(vocabulary), source_) {
  const Vocabulary& v = tokenizer_.vocabulary();
  const TemplateTokens tokens{.bos = token_text(v.bos), .eos = token_text(v.eos), .unknown = token_text(v.unknown)};
  const std::string& choice = options.chat_template;
  const std::string place =
      v.chat_template_place.empty() ? source_ + ": key tokenizer.chat_template" : v.chat_template_place;
  if (is_template_file(choice)) {
    chat_choice_ = read_file(choice);
    chat_.emplace(chat_choice_, choice, tokens, options.variables);
  } else if (!choice.empty()) {
    chat_choice_ = choice;
    chat_.emplace(ChatTemplate::format_named(choice), "--chat-template " + choice, tokens, options.variables);
  } else if (v.chat_template.empty()) {
    why_no_chat_ = concat(place, " is missing, ", ChatTemplate::advice());
  } else {
    try {
      chat_.emplace(v.chat_template, place, tokens, options.variables);
    } catch (const Error& e) {
      why_no_chat_ = concat(e.what(), "; ", ChatTemplate::advice());
    }
  }
  for (const TemplateVariable& variable : options.variables)
    chat_choice_ += concat("\n", variable.name, "=", variable.value);
}

LITESTAGE_INLINE std::vector<TextPart> TextCodec::render(const Prompt& prompt) const {
  if (std::optional<std::vector<TextPart>> plain = ChatTemplate::plain_text(prompt)) return *plain;
  if (!chat_) throw Error(why_no_chat_);
  return chat_->render(prompt);
}

}  // namespace litestage::io
