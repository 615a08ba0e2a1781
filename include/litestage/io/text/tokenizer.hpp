// Text to tokens and back, as the model's file says: special tokens are cut out first, what is between them goes
// through one of two algorithms.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/io/text/bpe_tokenizer.hpp"
#include "litestage/io/text/sentencepiece_tokenizer.hpp"
#include "litestage/io/text/special_tokens.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

class Tokenizer {
 public:
  // `source` names the file in errors.
  explicit Tokenizer(Vocabulary vocabulary, const std::string& source)
      : vocabulary_(checked(std::move(vocabulary), source)),
        special_(vocabulary_),
        algorithm_(vocabulary_.model == "gpt2" ? Algorithm(std::in_place_type<BpeTokenizer>, vocabulary_)
                                               : Algorithm(std::in_place_type<SentencePieceTokenizer>, vocabulary_)) {}

  // The ids of a text, without a token for its beginning. `parse_special`: the names of control tokens in the text
  // mean these tokens; else they are characters like others.
  [[nodiscard]] std::vector<int> encode(std::string_view text, bool parse_special) const {
    return encode({TextPart{std::string(text), parse_special}});
  }

  // The ids of the joined parts; the names of control tokens mean these tokens in markup only.
  [[nodiscard]] std::vector<int> encode(const std::vector<TextPart>& parts) const {
    const std::string text = joined(parts);
    std::vector<int> ids;
    for (const SpecialTokens::Fragment& fragment : special_.split(text, parts)) {
      if (fragment.id >= 0) {
        ids.push_back(fragment.id);
      } else {
        const std::string_view piece = std::string_view(text).substr(fragment.begin, fragment.size);
        std::visit([&](const auto& algorithm) { algorithm.encode(piece, ids); }, algorithm_);
      }
    }
    return ids;
  }

  // What a model is given: the ids of the parts, after the token for the beginning of a text if the file asks for it
  // and the parts have not brought it themselves.
  [[nodiscard]] std::vector<int> encode_prompt(const std::vector<TextPart>& parts) const {
    std::vector<int> ids = encode(parts);
    if (adds_bos() && (ids.empty() || ids.front() != vocabulary_.bos)) ids.insert(ids.begin(), vocabulary_.bos);
    return ids;
  }

  // The bytes of one token; a character may be spread over several tokens (TextStream puts it together).
  [[nodiscard]] std::string piece(int id) const {
    LITESTAGE_ASSERT(id >= 0 && static_cast<std::size_t>(id) < size(), "token ", id, " of ", size());
    return std::visit([&](const auto& algorithm) { return algorithm.piece(vocabulary_, static_cast<std::size_t>(id)); },
                      algorithm_);
  }

  // The text whose ids these are: decode(encode(text, s)) is `text`, if it is valid UTF-8, the vocabulary has tokens
  // for all its bytes, and, with SentencePiece, there is no U+2581 in it.
  [[nodiscard]] std::string decode(std::span<const int> ids) const {
    const auto* sentencepiece = std::get_if<SentencePieceTokenizer>(&algorithm_);
    std::string text;
    bool begins_text = sentencepiece != nullptr && sentencepiece->adds_space_prefix();
    for (int id : ids) {
      const std::string bytes = piece(id);
      const bool is_special = special_.is_special(id);
      const bool has_prefix = begins_text && !is_special && !bytes.empty() && bytes.front() == ' ';
      text.append(bytes, has_prefix ? 1 : 0);
      begins_text = is_special && sentencepiece != nullptr && sentencepiece->adds_space_prefix();
    }
    return text;
  }

  // Whether a model that writes this token has finished its answer.
  [[nodiscard]] bool is_end(int id) const {
    LITESTAGE_ASSERT(id >= 0 && static_cast<std::size_t>(id) < size(), "token ", id, " of ", size());
    return special_.is_end(id);
  }

  // Whether prompts begin with a token of their own.
  [[nodiscard]] bool adds_bos() const { return vocabulary_.bos >= 0 && vocabulary_.begins_with_bos(); }

  [[nodiscard]] std::size_t size() const { return vocabulary_.tokens.size(); }
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  using Algorithm = std::variant<BpeTokenizer, SentencePieceTokenizer>;

  [[nodiscard]] static Vocabulary checked(Vocabulary vocabulary, std::string_view source) {
    vocabulary.validate(source);
    return vocabulary;
  }

  Vocabulary vocabulary_;
  SpecialTokens special_;
  Algorithm algorithm_;
};

}  // namespace litestage::io
