// A tokenizer by the rules of a tokenizer.json. It finds added tokens in the text, normalises each piece between them
// by itself, finds in it the added tokens that are searched in normalised text, splits the rest into words and merges
// these. The ids are those of the library tokenizers, with one exception: no token whose name lies in the words of a
// message is a control token.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/pair_merger.hpp"
#include "litestage/io/text/pretokenizer.hpp"
#include "litestage/io/text/text_part.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/io/tokenizer_json/added_tokens.hpp"
#include "litestage/io/tokenizer_json/traced_text.hpp"
#include "litestage/io/tokenizer_json/word_merger.hpp"

namespace litestage::io {

class RulesTokenizer {
 public:
  // The vocabulary has rules.
  explicit RulesTokenizer(const Vocabulary& vocabulary);

  // Appends the ids of the joined parts. Bytes that are no UTF-8, and surrogates, become U+FFFD.
  void encode(const std::vector<TextPart>& parts, std::vector<int>& ids) const;

  [[nodiscard]] std::string piece(const Vocabulary& vocabulary, std::size_t id) const;

  // Whether decoding takes away a space at the beginning of a text, or else after an added token.
  [[nodiscard]] bool strips_space(bool begins_text) const {
    return strips_space_ && (begins_text || marks_every_piece_);
  }

 private:
  [[nodiscard]] TracedText normalised(std::string_view text) const;
  void encode_piece(std::string_view piece, bool begins_text, PairMerger& merger, std::vector<int>& ids) const;
  void encode_marked(std::string_view piece, bool begins_text, PairMerger& merger, std::vector<int>& ids) const;

  std::vector<NormalStep> normal_;
  AddedTokens raw_, normalised_;                // found in the text as it is, and in normalised text
  std::optional<Pretokenizer> pretokenizer_{};  // of a byte-level vocabulary
  std::optional<Metaspace> metaspace_;
  WordMerger words_;
  bool strips_space_;
  bool marks_every_piece_;  // the mark U+2581 is put before every piece of text, not only before the first
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/tokenizer_json/definitions/rules_tokenizer.hpp"
#endif
