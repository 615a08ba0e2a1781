// Small vocabularies of both kinds, made in memory: every byte, some merges, some special tokens.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/text/utf8.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::test {

// Bytes as byte-level vocabularies write them (GPT-2's bytes_to_unicode), written independently of the tokenizer.
[[nodiscard]] inline std::string byte_level(std::string_view bytes) {
  std::string out;
  for (char c : bytes) {
    const auto b = static_cast<unsigned char>(c);
    char32_t shown = b;
    if (b <= 0x20) shown = 0x100u + b;
    if (b >= 0x7F && b <= 0xA0) shown = 0x121u + (b - 0x7Fu);
    if (b == 0xAD) shown = 0x143;
    append_utf8(out, shown);
  }
  return out;
}

struct Merge {
  std::string left;
  std::string right;
};

inline void add_token(io::Vocabulary& v, std::string text, io::TokenType type, float score = 0) {
  v.tokens.push_back(std::move(text));
  v.types.push_back(static_cast<int>(type));
  v.scores.push_back(score);
}

// Ids: 0 <|endoftext|>, 1 <|im_start|>, 2 <|im_end|> (eos), 3 <tool> (user-defined), 4 + b the byte b, then one token
// for every merge.
inline constexpr int first_byte_id = 4;
[[nodiscard]] inline io::Vocabulary byte_level_vocabulary(std::string_view pre, const std::vector<Merge>& merges) {
  io::Vocabulary v;
  v.model = "gpt2";
  v.pre = pre;
  for (const char* name : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) add_token(v, name, io::TokenType::control);
  add_token(v, "<tool>", io::TokenType::user_defined);
  for (int b = 0; b < 256; ++b) add_token(v, byte_level(std::string(1, static_cast<char>(b))), io::TokenType::normal);
  for (const Merge& merge : merges) {
    add_token(v, byte_level(merge.left + merge.right), io::TokenType::normal);
    v.merges.push_back(byte_level(merge.left) + " " + byte_level(merge.right));
  }
  v.eos = 2;
  return v;
}

[[nodiscard]] inline std::vector<Merge> some_merges() {
  return {{"h", "e"},
          {"l", "l"},
          {"he", "ll"},
          {"hell", "o"},
          {" ", "w"},
          {"o", "r"},
          {" w", "or"},
          {" wor", "l"},
          {"1", "2"},
          {"\n", "\n"},
          {" ", " "},
          {"  ", "  "},
          {"'", "s"},
          {"\xC3", "\xA9"},
          {"\xF0\x9F", "\x98"},
          {"\xF0", "\x9F"},
          {"\xF0\x9F\x98", "\x80"},
          {"<", "|"},
          {"\xEF\xBF", "\xBD"},
          {"\xEF", "\xBF"}};
}

// Ids: 0 <unk>, 1 <s>, 2 </s> (eos), 3 + b the byte b, then U+2581 and `pieces`, with descending scores.
[[nodiscard]] inline io::Vocabulary sentencepiece_vocabulary(const std::vector<std::string>& pieces) {
  io::Vocabulary v;
  v.model = "llama";
  add_token(v, "<unk>", io::TokenType::unknown);
  add_token(v, "<s>", io::TokenType::control);
  add_token(v, "</s>", io::TokenType::control);
  for (int b = 0; b < 256; ++b) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    add_token(
        v,
        std::string("<0x") + digits[static_cast<std::size_t>(b / 16)] + digits[static_cast<std::size_t>(b % 16)] + ">",
        io::TokenType::byte);
  }
  float score = 0;
  add_token(v, "\xE2\x96\x81", io::TokenType::normal, -1000);
  for (const std::string& piece : pieces) add_token(v, piece, io::TokenType::normal, score -= 1);
  v.unknown = 0;
  v.bos = 1;
  v.eos = 2;
  return v;
}

[[nodiscard]] inline std::vector<std::string> some_pieces() {
  return {"▁t", "he", "▁the", "in", "ing", "▁▁",   "é",  "th", "t", "h",
          "e",  "i",  "n",    "g",  "你",  "你好", "好", "s",  "</"};
}

}  // namespace litestage::test
