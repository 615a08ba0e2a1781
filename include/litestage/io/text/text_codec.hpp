// A model's tokenizer with its chat template, as used by the engine (concept Tokenizer).
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/chat_options.hpp"
#include "litestage/io/text/chat_template.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/prompt/tokenizer.hpp"
#include "litestage/prompt/transcript.hpp"

namespace litestage::io {

class TextCodec {
 public:
  // `source` names the file in errors. If the file's own template is missing or not understood, that is an error only
  // when a conversation is encoded; one that `options` choose must be there.
  TextCodec(Vocabulary vocabulary, std::string source, const ChatOptions& options = {});

  // Renders a prompt as text, in parts.
  [[nodiscard]] std::vector<TextPart> render(const Prompt& prompt) const;

  [[nodiscard]] std::vector<int> encode(const Prompt& prompt) const { return tokenizer_.encode_prompt(render(prompt)); }
  [[nodiscard]] std::string piece(int id) const { return tokenizer_.piece(id); }
  [[nodiscard]] std::string decode(std::span<const int> ids) const { return tokenizer_.decode(ids); }
  [[nodiscard]] bool is_end(int id) const { return tokenizer_.is_end(id); }
  [[nodiscard]] std::size_t size() const { return tokenizer_.size(); }

  [[nodiscard]] const SubwordTokenizer& tokenizer() const { return tokenizer_; }
  [[nodiscard]] const std::optional<ChatTemplate>& chat_template() const { return chat_; }
  // What decides about conversations besides the vocabulary's own template: the name or the program that was chosen,
  // and the variables. Empty if nothing was.
  [[nodiscard]] const std::string& chat_choice() const { return chat_choice_; }

 private:
  [[nodiscard]] std::string token_text(int id) const { return id < 0 ? std::string() : tokenizer_.piece(id); }

  std::string source_;
  SubwordTokenizer tokenizer_;
  std::optional<ChatTemplate> chat_{};
  std::string why_no_chat_{};
  std::string chat_choice_{};
};

static_assert(litestage::Tokenizer<TextCodec>);

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/text_codec.hpp"
#endif
