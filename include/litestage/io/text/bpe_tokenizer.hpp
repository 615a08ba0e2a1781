// Byte-level byte-pair encoding (GPT-2 and its successors): a pattern splits the text into words, and within a word the
// adjacent pair that comes first in the list of merges is joined repeatedly. The ids are those of llama.cpp
// (src/llama-vocab.cpp, src/unicode.cpp).
#pragma once

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
#include "litestage/io/text/pretokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/io/tokenizer_json/byte_characters.hpp"

namespace litestage::io {

class BpeTokenizer {
 public:
  explicit BpeTokenizer(const Vocabulary& vocabulary)
      : pretokenizer_(split_of(vocabulary).pattern), whole_words_(split_of(vocabulary).whole_words) {
    intern_tokens(vocabulary);
    for (std::size_t b = 0; b < byte_symbols_.size(); ++b)
      byte_symbols_[b] = intern(std::string(1, static_cast<char>(b)));
    for (std::size_t rank = 0; rank < vocabulary.merges.size(); ++rank) add_merge(vocabulary.merges[rank], rank);
  }

  // Appends the ids of `text`. A byte without a token in the vocabulary is left out, as in llama.cpp (the vocabulary of
  // SmolLM2 lacks 21 bytes, all rare: control characters and bytes that begin no assigned character).
  void encode(std::string_view text, std::vector<int>& ids) const {
    const std::string bytes = repaired(text);
    const std::string subject = without_surrogates(bytes);  // neither they nor U+FFFD are a letter, number or space
    PairMerger merger;
    pretokenizer_.split(subject, [&](std::string_view word) {
      encode_word(std::string_view(bytes).substr(word.data() - subject.data(), word.size()), merger, ids);
    });
  }

  [[nodiscard]] std::string piece(const Vocabulary& vocabulary, std::size_t id) const {
    const std::string& token = vocabulary.tokens[id];
    const TokenType type = vocabulary.type(id);
    if (type == TokenType::normal || type == TokenType::unused) return bytes_of_characters(token).value_or(token);
    return token;
  }

 private:
  [[nodiscard]] static WordSplit split_of(const Vocabulary& vocabulary) {
    const auto split = word_split(vocabulary.pre);
    LITESTAGE_ASSERT(split.has_value(), vocabulary.pre);
    return *split;
  }

  // Symbols are the vocabulary's tokens under their ids, followed by the other texts that occur in merges.
  void intern_tokens(const Vocabulary& vocabulary) {
    n_tokens_ = vocabulary.tokens.size();
    for (std::size_t id = 0; id < n_tokens_; ++id) {
      // Merging never produces a control token; control tokens are found by their names only.
      if (vocabulary.type(id) == TokenType::control || vocabulary.type(id) == TokenType::unknown) continue;
      std::optional<std::string> bytes = bytes_of_characters(vocabulary.tokens[id]);
      if (bytes && !bytes->empty()) symbols_.emplace(std::move(*bytes), static_cast<int>(id));
    }
    n_symbols_ = n_tokens_;
  }

  int intern(std::string bytes) {
    const auto [entry, is_new] = symbols_.emplace(std::move(bytes), static_cast<int>(n_symbols_));
    if (is_new) ++n_symbols_;
    return entry->second;
  }

  void add_merge(std::string_view merge, std::size_t rank) {
    const std::size_t gap = merge.find(' ', 1);
    if (gap == std::string_view::npos) return;
    const std::optional<std::string> left = bytes_of_characters(merge.substr(0, gap));
    const std::optional<std::string> right = bytes_of_characters(merge.substr(gap + 1));
    if (!left || !right) return;  // no word can contain it
    const int left_symbol = intern(*left), right_symbol = intern(*right);
    merges_.add(left_symbol, right_symbol, rank, intern(*left + *right));
  }

  void encode_word(std::string_view word, PairMerger& merger, std::vector<int>& ids) const {
    if (whole_words_) {
      const auto whole = symbols_.find(std::string(word));
      if (whole != symbols_.end() && is_token(whole->second)) {
        ids.push_back(whole->second);
        return;
      }
    }
    merger.clear();
    for (char c : word) merger.append(1, byte_symbols_[static_cast<unsigned char>(c)]);
    merger.run(merges_);
    merger.each([&](const Symbol& symbol) { append_symbol(word.substr(symbol.begin, symbol.size), symbol.id, ids); });
  }

  // A symbol that is not a token (merges may pass through such symbols) is written byte by byte.
  void append_symbol(std::string_view bytes, int symbol, std::vector<int>& ids) const {
    if (is_token(symbol)) {
      ids.push_back(symbol);
      return;
    }
    for (char c : bytes) {
      const int byte = byte_symbols_[static_cast<unsigned char>(c)];
      if (is_token(byte)) ids.push_back(byte);
    }
  }

  [[nodiscard]] bool is_token(int symbol) const { return static_cast<std::size_t>(symbol) < n_tokens_; }

  Pretokenizer pretokenizer_;
  bool whole_words_;
  std::size_t n_tokens_ = 0;
  std::size_t n_symbols_ = 0;
  std::unordered_map<std::string, int> symbols_;  // bytes -> symbol
  std::array<int, 256> byte_symbols_{};
  RankedMerges merges_;  // of symbols
};

}  // namespace litestage::io
