// Byte-pair encoding of words by a list of merges.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/pair_merger.hpp"
#include "litestage/io/text/sentencepiece_tokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/io/tokenizer_json/byte_characters.hpp"
#include "litestage/io/tokenizer_json/word_merger.hpp"

namespace litestage::io {

LITESTAGE_INLINE WordMerger::WordMerger(const Vocabulary& vocabulary)
    : byte_level_(vocabulary.rules->bytes.has_value()),
      whole_words_(vocabulary.rules->whole_words),
      byte_fallback_(vocabulary.rules->byte_fallback),
      fuse_unknown_(vocabulary.rules->fuse_unknown),
      unknown_(vocabulary.unknown) {
  add_words(vocabulary);
  for (std::size_t b = 0; b < bytes_.size(); ++b) {
    bytes_[b] = byte_level_ ? id_of(std::string(1, static_cast<char>(b))) : id_of(SentencePieceTokenizer::byte_name(b));
  }
  const std::vector<TokenMerge>& merges = vocabulary.rules->merges;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    // No word becomes a control token: these are found by their names, in markup only. A repeated pair has its last
    // rank.
    if (vocabulary.type(merges[rank].joined) == TokenType::control) continue;
    merges_.set(merges[rank].left, merges[rank].right, rank, merges[rank].joined);
  }
}

LITESTAGE_INLINE void WordMerger::add_words(const Vocabulary& vocabulary) {
  for (std::size_t id = 0; id < vocabulary.rules->n_words; ++id) {
    if (vocabulary.type(id) == TokenType::control) continue;
    std::optional<std::string> text = vocabulary.tokens[id];
    if (byte_level_) text = bytes_of_characters(*text);
    if (text && !text->empty()) ids_.emplace(*std::move(text), static_cast<int>(id));
  }
}

LITESTAGE_INLINE int WordMerger::id_of(std::string_view text) const {
  const auto found = ids_.find(std::string(text));
  return found == ids_.end() ? -1 : found->second;
}

// Appends the tokens of a character's bytes, if all of them have one.
LITESTAGE_INLINE bool WordMerger::append_bytes(std::string_view character, PairMerger& merger) const {
  const auto token = [&](char c) { return bytes_[static_cast<unsigned char>(c)]; };
  if (!byte_fallback_ || !std::all_of(character.begin(), character.end(), [&](char c) { return token(c) >= 0; }))
    return false;
  for (char c : character) merger.append(1, token(c));
  return true;
}

// Appends the tokens of the word's characters, or in a byte-level vocabulary bytes. An unknown character waits for the
// next one that has a token of its own, and so follows byte tokens that it preceded in the word, as in the library.
LITESTAGE_INLINE void WordMerger::append_units(std::string_view word, PairMerger& merger) const {
  std::size_t waiting = 0;  // bytes of unknown characters
  const auto flush = [&] {
    if (waiting > 0) merger.append(waiting, unknown_);
    waiting = 0;
  };
  for (std::size_t at = 0, size = 0; at < word.size(); at += size) {
    size = byte_level_ ? 1
                       : std::min(std::max<std::size_t>(1, utf8_length(static_cast<unsigned char>(word[at]))),
                                  word.size() - at);
    const std::string_view unit = word.substr(at, size);
    const int id = byte_level_ ? bytes_[static_cast<unsigned char>(word[at])] : id_of(unit);
    if (id >= 0) {
      flush();
      merger.append(size, id);
    } else if (!append_bytes(unit, merger) && unknown_ >= 0) {
      if (!fuse_unknown_) flush();
      waiting += size;
    }
  }
  flush();
}

LITESTAGE_INLINE void WordMerger::encode(std::string_view word, PairMerger& merger, std::vector<int>& ids) const {
  if (whole_words_) {
    const int whole = id_of(word);
    if (whole >= 0) {
      ids.push_back(whole);
      return;
    }
  }
  merger.clear();
  append_units(word, merger);
  merger.run(merges_);
  merger.each([&](const Symbol& symbol) { ids.push_back(symbol.id); });
}

}  // namespace litestage::io
