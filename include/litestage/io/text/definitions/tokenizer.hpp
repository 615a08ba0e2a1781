// Conversion of text to tokens and of tokens to text.
#pragma once

#include <cstddef>
#include <memory>
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
#include "litestage/io/text/tokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

struct SubwordTokenizer::Work {
  explicit Work(const Vocabulary& vocabulary)
      : special(vocabulary),
        algorithm(vocabulary.model == "gpt2" ? Algorithm(std::in_place_type<BpeTokenizer>, vocabulary)
                                             : Algorithm(std::in_place_type<SentencePieceTokenizer>, vocabulary)) {}

  using Algorithm = std::variant<BpeTokenizer, SentencePieceTokenizer>;

  SpecialTokens special;
  Algorithm algorithm;
};

LITESTAGE_INLINE SubwordTokenizer::SubwordTokenizer(Vocabulary vocabulary, const std::string& source)
    : vocabulary_(checked(std::move(vocabulary), source)), work_(std::make_shared<const Work>(vocabulary_)) {}

LITESTAGE_INLINE std::vector<int> SubwordTokenizer::encode(std::string_view text, bool parse_special) const {
  return encode({TextPart{.text = std::string(text), .markup = parse_special}});
}

LITESTAGE_INLINE std::vector<int> SubwordTokenizer::encode(const std::vector<TextPart>& parts) const {
  const std::string text = text_of(parts);
  std::vector<int> ids;
  for (const SpecialTokens::Fragment& fragment : work_->special.split(text, parts)) {
    if (fragment.id >= 0) {
      ids.push_back(fragment.id);
    } else {
      const std::string_view piece = std::string_view(text).substr(fragment.begin, fragment.size);
      std::visit([&](const auto& algorithm) { algorithm.encode(piece, ids); }, work_->algorithm);
    }
  }
  return ids;
}

LITESTAGE_INLINE std::vector<int> SubwordTokenizer::encode_prompt(const std::vector<TextPart>& parts) const {
  std::vector<int> ids = encode(parts);
  if (adds_bos() && (ids.empty() || ids.front() != vocabulary_.bos)) ids.insert(ids.begin(), vocabulary_.bos);
  return ids;
}

LITESTAGE_INLINE std::string SubwordTokenizer::piece(int id) const {
  LITESTAGE_ASSERT(id >= 0 && static_cast<std::size_t>(id) < size(), "token ", id, " of ", size());
  return std::visit([&](const auto& algorithm) { return algorithm.piece(vocabulary_, static_cast<std::size_t>(id)); },
                    work_->algorithm);
}

LITESTAGE_INLINE std::string SubwordTokenizer::decode(std::span<const int> ids) const {
  const auto* sentencepiece = std::get_if<SentencePieceTokenizer>(&work_->algorithm);
  std::string text;
  bool begins_text = sentencepiece != nullptr && sentencepiece->adds_space_prefix();
  for (int id : ids) {
    const std::string bytes = piece(id);
    const bool is_special = work_->special.is_special(id);
    const bool has_prefix = begins_text && !is_special && !bytes.empty() && bytes.front() == ' ';
    text.append(bytes, has_prefix ? 1 : 0);
    begins_text = is_special && sentencepiece != nullptr && sentencepiece->adds_space_prefix();
  }
  return text;
}

LITESTAGE_INLINE bool SubwordTokenizer::is_end(int id) const {
  LITESTAGE_ASSERT(id >= 0 && static_cast<std::size_t>(id) < size(), "token ", id, " of ", size());
  return work_->special.is_end(id);
}

LITESTAGE_INLINE Vocabulary SubwordTokenizer::checked(Vocabulary vocabulary, std::string_view source) {
  vocabulary.validate(source);
  return vocabulary;
}

}  // namespace litestage::io
