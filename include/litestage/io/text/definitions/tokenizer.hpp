// Conversion of text to tokens and of tokens to text.
#pragma once

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
#include "litestage/io/tokenizer_json/rules_tokenizer.hpp"

namespace litestage::io {

struct SubwordTokenizer::Work {
  explicit Work(const Vocabulary& vocabulary) : special(vocabulary), algorithm(chosen(vocabulary)) {}

  using Algorithm = std::variant<BpeTokenizer, SentencePieceTokenizer, RulesTokenizer>;

  [[nodiscard]] static Algorithm chosen(const Vocabulary& v) {
    if (v.rules) return Algorithm(std::in_place_type<RulesTokenizer>, v);
    if (v.model == "gpt2") return Algorithm(std::in_place_type<BpeTokenizer>, v);
    return Algorithm(std::in_place_type<SentencePieceTokenizer>, v);
  }
  // Whether decoding takes away a space at the beginning of a text, or else after a special token.
  [[nodiscard]] bool strips_space(bool begins_text) const {
    if (const auto* rules = std::get_if<RulesTokenizer>(&algorithm)) return rules->strips_space(begins_text);
    const auto* sentencepiece = std::get_if<SentencePieceTokenizer>(&algorithm);
    return sentencepiece != nullptr && sentencepiece->adds_space_prefix();
  }

  SpecialTokens special;
  Algorithm algorithm;
};

LITESTAGE_INLINE SubwordTokenizer::SubwordTokenizer(Vocabulary vocabulary, const std::string& source)
    : vocabulary_(checked(std::move(vocabulary), source)), work_(std::make_shared<const Work>(vocabulary_)) {}

LITESTAGE_INLINE std::vector<int> SubwordTokenizer::encode(std::string_view text, bool parse_special) const {
  return encode({TextPart{.text = std::string(text), .markup = parse_special}});
}

LITESTAGE_INLINE std::vector<int> SubwordTokenizer::encode(const std::vector<TextPart>& parts) const {
  std::vector<int> ids;
  if (const auto* rules = std::get_if<RulesTokenizer>(&work_->algorithm)) {
    rules->encode(parts, ids);
    return ids;
  }
  const std::string text = text_of(parts);
  for (const SpecialTokens::Fragment& fragment : work_->special.split(text, parts)) {
    if (fragment.id >= 0) {
      ids.push_back(fragment.id);
    } else {
      const std::string_view piece = std::string_view(text).substr(fragment.begin, fragment.size);
      if (const auto* bpe = std::get_if<BpeTokenizer>(&work_->algorithm)) bpe->encode(piece, ids);
      if (const auto* pieces = std::get_if<SentencePieceTokenizer>(&work_->algorithm)) pieces->encode(piece, ids);
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
  LITESTAGE_ASSERT(id >= 0 && std::cmp_less(id, size()), "token ", id, " of ", size());
  return std::visit([&](const auto& algorithm) { return algorithm.piece(vocabulary_, id); }, work_->algorithm);
}

LITESTAGE_INLINE std::string SubwordTokenizer::decode(std::span<const int> ids) const {
  std::string text;
  bool strips = work_->strips_space(true);
  for (int id : ids) {
    const std::string bytes = piece(id);
    const bool is_special = work_->special.is_special(id);
    const bool has_prefix = strips && !is_special && !bytes.empty() && bytes.front() == ' ';
    text.append(bytes, has_prefix ? 1 : 0);
    strips = is_special && work_->strips_space(false);
  }
  return text;
}

LITESTAGE_INLINE bool SubwordTokenizer::is_end(int id) const {
  LITESTAGE_ASSERT(id >= 0 && std::cmp_less(id, size()), "token ", id, " of ", size());
  return work_->special.is_end(id);
}

LITESTAGE_INLINE Vocabulary SubwordTokenizer::checked(Vocabulary vocabulary, std::string_view source) {
  vocabulary.validate(source);
  return vocabulary;
}

}  // namespace litestage::io
