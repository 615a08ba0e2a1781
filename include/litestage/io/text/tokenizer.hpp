// Converts text to tokens and back, as described by the model file. Special tokens are split off first; one of two
// algorithms encodes the text between them.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

class SubwordTokenizer {
 public:
  // `source` names the file in errors.
  explicit SubwordTokenizer(Vocabulary vocabulary, const std::string& source);

  // The ids of a text, without a token for its beginning. `parse_special`: whether the names of control tokens in the
  // text stand for these tokens, or are ordinary characters.
  [[nodiscard]] std::vector<int> encode(std::string_view text, bool parse_special) const;

  // The ids of the joined parts. The names of control tokens stand for these tokens in markup only.
  [[nodiscard]] std::vector<int> encode(const std::vector<TextPart>& parts) const;

  // The input of a model: the ids of the parts, preceded by the token for the beginning of a text if the file requires
  // it and the parts do not begin with it.
  [[nodiscard]] std::vector<int> encode_prompt(const std::vector<TextPart>& parts) const;

  // The bytes of one token. A character may be spread over several tokens (TextStream joins them).
  [[nodiscard]] std::string piece(int id) const;

  // The text of these ids. decode(encode(text, s)) is `text` if it is valid UTF-8, the vocabulary has tokens for all
  // its bytes and, with SentencePiece, it does not contain U+2581.
  [[nodiscard]] std::string decode(std::span<const int> ids) const;

  // Whether this token ends an answer.
  [[nodiscard]] bool is_end(int id) const;

  // Whether prompts begin with the token for the beginning of a text.
  [[nodiscard]] bool adds_bos() const { return vocabulary_.bos >= 0 && vocabulary_.begins_with_bos(); }

  [[nodiscard]] std::size_t size() const { return vocabulary_.tokens.size(); }
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  struct Work;

  [[nodiscard]] static Vocabulary checked(Vocabulary vocabulary, std::string_view source);

  Vocabulary vocabulary_;
  std::shared_ptr<const Work> work_;  // tables computed from the vocabulary; shared by copies
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/tokenizer.hpp"
#endif
