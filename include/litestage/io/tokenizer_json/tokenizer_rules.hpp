// What a tokenizer.json (Hugging Face's library tokenizers) says of a tokenizer besides its tokens, as plain data. The
// meaning of each member is that of the JSON key named beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "litestage/io/text/word_split.hpp"

namespace litestage::io {

// A token that is found in the text by its name, not made by merging: an entry of "added_tokens".
struct AddedToken {
  int id = 0;
  std::string name{};        // content
  bool single_word = false;  // not found beside a letter, mark, digit or underscore
  bool strips_left = false;  // lstrip: swallows white space before it
  bool strips_right = false;
  bool normalized = false;  // searched in the normalised text, by its normalised name
};

// A step of "normalizer".
struct NormalStep {
  enum class Kind : std::uint8_t { nfc, prepend, replace };
  Kind kind = Kind::nfc;
  std::string pattern{};  // replaced by `content`
  std::string content{};  // also what is put before a text that is not empty
};

// The pre-tokenizer "Metaspace": writes spaces as U+2581, and puts one before the text unless one is there.
struct Metaspace {
  enum class Prefix : std::uint8_t { never, first, always };  // first: only at the beginning of the whole text
  Prefix prefix = Prefix::always;
  bool split = true;  // words begin at U+2581; otherwise the whole text is one word
};

// An entry of "merges"; its rank is its place in the list.
struct TokenMerge {
  int left = 0, right = 0, joined = 0;  // ids
};

struct TokenizerRules {
  std::size_t n_words = 0;           // tokens of "model.vocab": ids below it; added tokens may be among them
  std::vector<TokenMerge> merges{};  // best first
  std::vector<AddedToken> added{};
  std::vector<NormalStep> normal{};    // in order
  std::optional<WordPattern> bytes{};  // byte-level: words by this pattern, each byte written as one character
  std::optional<Metaspace> metaspace{};
  bool whole_words = false;    // model.ignore_merges: a word that is a token is not split
  bool byte_fallback = false;  // a character without a token becomes tokens <0xNN>
  bool fuse_unknown = false;   // consecutive unknown characters become one unknown token
  bool strips_space = false;   // decoder: the space that encoding puts before a text is taken away
};

}  // namespace litestage::io
