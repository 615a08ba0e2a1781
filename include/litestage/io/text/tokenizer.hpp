// Text to tokens and back, as the model's file says: special tokens are cut out first, what is between them goes
// through one of two algorithms.
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

  // The ids of a text, without a token for its beginning. `parse_special`: the names of control tokens in the text
  // mean these tokens; else they are characters like others.
  [[nodiscard]] std::vector<int> encode(std::string_view text, bool parse_special) const;

  // The ids of the joined parts; the names of control tokens mean these tokens in markup only.
  [[nodiscard]] std::vector<int> encode(const std::vector<TextPart>& parts) const;

  // What a model is given: the ids of the parts, after the token for the beginning of a text if the file asks for it
  // and the parts have not brought it themselves.
  [[nodiscard]] std::vector<int> encode_prompt(const std::vector<TextPart>& parts) const;

  // The bytes of one token; a character may be spread over several tokens (TextStream puts it together).
  [[nodiscard]] std::string piece(int id) const;

  // The text whose ids these are: decode(encode(text, s)) is `text`, if it is valid UTF-8, the vocabulary has tokens
  // for all its bytes, and, with SentencePiece, there is no U+2581 in it.
  [[nodiscard]] std::string decode(std::span<const int> ids) const;

  // Whether a model that writes this token has finished its answer.
  [[nodiscard]] bool is_end(int id) const;

  // Whether prompts begin with a token of their own.
  [[nodiscard]] bool adds_bos() const { return vocabulary_.bos >= 0 && vocabulary_.begins_with_bos(); }

  [[nodiscard]] std::size_t size() const { return vocabulary_.tokens.size(); }
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  struct Work;

  [[nodiscard]] static Vocabulary checked(Vocabulary vocabulary, std::string_view source);

  Vocabulary vocabulary_;
  std::shared_ptr<const Work> work_;  // what is computed from the vocabulary; copies share it
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/tokenizer.hpp"
#endif
