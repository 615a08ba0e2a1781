// Byte-pair encoding of a word as the library tokenizers does it (tokenizers/src/models/bpe): the pair whose merge
// comes first in the list is joined first, characters without a token become byte tokens, the unknown token, or
// nothing.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/pair_merger.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

class WordMerger {
 public:
  // The vocabulary has rules.
  explicit WordMerger(const Vocabulary& vocabulary);

  // Appends the ids of a word, which is valid UTF-8. `merger` is working memory.
  void encode(std::string_view word, PairMerger& merger, std::vector<int>& ids) const;

 private:
  void add_words(const Vocabulary& vocabulary);
  [[nodiscard]] int id_of(std::string_view text) const;
  [[nodiscard]] bool append_bytes(std::string_view character, PairMerger& merger) const;
  void append_units(std::string_view word, PairMerger& merger) const;

  bool byte_level_, whole_words_, byte_fallback_, fuse_unknown_;
  int unknown_;
  std::unordered_map<std::string, int> ids_;  // text of a word or character -> token
  std::array<int, 256> bytes_{};              // token of each byte: of its character, or <0xNN>; -1: none
  RankedMerges merges_;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/tokenizer_json/definitions/word_merger.hpp"
#endif
