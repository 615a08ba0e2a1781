// Encoding of prompts as tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/text/chat_template.hpp"
#include "litestage/io/text/text_codec.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/prompt/tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

LITESTAGE_INLINE TextCodec::TextCodec(Vocabulary vocabulary, std::string source, std::string_view chat_format)
    : source_(std::move(source)), tokenizer_(std::move(vocabulary), source_) {
  const Vocabulary& v = tokenizer_.vocabulary();
  if (!chat_format.empty()) {
    chat_ = ChatTemplate::named(chat_format, token_text(v.bos), token_text(v.eos));
    return;
  }
  try {
    chat_ = ChatTemplate::recognised(v.chat_template, token_text(v.bos), token_text(v.eos), source_);
  } catch (const Error& e) {
    why_no_chat_ = e.what();
  }
}

LITESTAGE_INLINE std::vector<TextPart> TextCodec::render(const Prompt& prompt) const {
  if (std::optional<std::vector<TextPart>> plain = ChatTemplate::plain_text(prompt)) return *plain;
  if (!chat_) throw Error(why_no_chat_);
  return chat_->render(prompt);
}

}  // namespace litestage::io
