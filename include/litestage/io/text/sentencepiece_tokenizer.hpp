// SentencePiece's byte-pair encoding (Llama 1 and 2, TinyLlama): spaces are written as U+2581, the adjacent pair whose
// union is the token with the best score is joined repeatedly, and characters without a token become byte tokens
// <0xNN>. The ids are those of llama.cpp (src/llama-vocab.cpp).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/pair_merger.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

class SentencePieceTokenizer {
 public:
  explicit SentencePieceTokenizer(const Vocabulary& vocabulary)
      : scores_(vocabulary.scores),
        bytes_(byte_tokens(vocabulary)),
        add_space_prefix_(vocabulary.add_space_prefix.value_or(true)) {
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
      const std::string& token = vocabulary.tokens[id];
      // Merging never produces a control token; control tokens are found by their names only.
      if (vocabulary.type(id) == TokenType::control || vocabulary.type(id) == TokenType::unknown) continue;
      if (token.empty()) continue;
      ids_.emplace(token, static_cast<int>(id));
      longest_ = std::max(longest_, token.size());
    }
    for (int& id : bytes_) {
      if (id < 0) id = vocabulary.unknown;
    }
  }

  // The token of each byte; -1 if it has no byte token.
  [[nodiscard]] static std::array<int, 256> byte_tokens(const Vocabulary& vocabulary) {
    std::unordered_map<std::string_view, int> all;
    for (std::size_t id = 0; id < vocabulary.tokens.size(); ++id) {
      all.emplace(vocabulary.tokens[id], static_cast<int>(id));
    }
    std::array<int, 256> tokens{};
    for (std::size_t b = 0; b < tokens.size(); ++b) {
      const char text[] = {static_cast<char>(b), '\0'};
      auto found = all.find(byte_name(b));
      if (found == all.end()) found = all.find(std::string_view(text, 1));
      tokens[b] = found == all.end() ? -1 : found->second;
    }
    return tokens;
  }

  // Appends the ids of `text`, which may contain broken UTF-8. A byte without a token becomes the unknown token, and is
  // left out if there is none.
  void encode(std::string_view text, std::vector<int>& ids) const {
    const std::string escaped = with_escaped_spaces(text, add_space_prefix_);
    const auto id_of = [&](std::size_t begin, std::size_t size) {
      if (size > longest_) return -1;
      const auto found = ids_.find(std::string(escaped, begin, size));
      return found == ids_.end() ? -1 : found->second;
    };
    PairMerger merger;
    for (std::size_t at = 0; at < escaped.size();) {
      const std::size_t size = std::min(symbol_size(static_cast<unsigned char>(escaped[at])), escaped.size() - at);
      merger.append(size, id_of(at, size));
      at += size;
    }
    merger.run([&](const Symbol& left, const Symbol& right) -> Joined {
      const int id = id_of(left.begin, left.size + right.size);
      return id < 0 ? Joined{} : Joined{-static_cast<double>(scores_[id]), id};
    });
    merger.each([&](const Symbol& symbol) {
      if (symbol.id >= 0) {
        ids.push_back(symbol.id);
        return;
      }
      for (char c : escaped.substr(symbol.begin, symbol.size)) {
        const int byte = bytes_[static_cast<unsigned char>(c)];
        if (byte >= 0) ids.push_back(byte);
      }
    });
  }

  [[nodiscard]] std::string piece(const Vocabulary& vocabulary, std::size_t id) const {
    const std::string& token = vocabulary.tokens[id];
    const TokenType type = vocabulary.type(id);
    if (type == TokenType::normal || type == TokenType::unused) return with_plain_spaces(token);
    if (type == TokenType::byte) {
      if (const std::optional<char> byte = named_byte(token)) return std::string(1, *byte);
    }
    return token;
  }

  // Whether encoding puts a space before text at the start or after a control token.
  [[nodiscard]] bool adds_space_prefix() const { return add_space_prefix_; }

  // The name of the token of a byte, <0xNN>, and the byte of such a name.
  [[nodiscard]] static std::string byte_name(std::size_t byte) {
    return std::string("<0x") + digits[byte / 16] + digits[byte % 16] + '>';
  }
  [[nodiscard]] static std::optional<char> named_byte(std::string_view token) {
    if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>') return std::nullopt;
    const std::size_t high = digits.find(token[3]), low = digits.find(token[4]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    return static_cast<char>(high * 16 + low);
  }

 private:
  static constexpr std::string_view space_mark = "\xE2\x96\x81";  // U+2581
  static constexpr std::string_view digits = "0123456789ABCDEF";

  // The size in bytes of the symbol with this first byte. Invalid UTF-8 is cut as in llama.cpp: a byte of 0xF8 or above
  // takes the three following bytes.
  [[nodiscard]] static std::size_t symbol_size(unsigned char lead) {
    return lead >= 0xF8 ? 4 : std::max<std::size_t>(1, utf8_length(lead));
  }

  [[nodiscard]] static std::string with_escaped_spaces(std::string_view text, bool prefix) {
    std::string out(prefix ? space_mark : std::string_view());
    out.reserve(out.size() + text.size() + text.size() / 2);
    for (char c : text) {
      if (c == ' ') {
        out += space_mark;
      } else {
        out += c;
      }
    }
    return out;
  }
  [[nodiscard]] static std::string with_plain_spaces(std::string_view token) {
    std::string out;
    for (std::size_t at = 0; at < token.size();) {
      const bool is_mark = token.substr(at, space_mark.size()) == space_mark;
      out += is_mark ? ' ' : token[at];
      at += is_mark ? space_mark.size() : 1;
    }
    return out;
  }

  std::vector<float> scores_;                 // by id
  std::unordered_map<std::string, int> ids_;  // the tokens that merging may produce
  std::array<int, 256> bytes_;                // the token of each byte; -1: none
  std::size_t longest_ = 0;                   // size of the longest token in bytes
  bool add_space_prefix_;
};

}  // namespace litestage::io
