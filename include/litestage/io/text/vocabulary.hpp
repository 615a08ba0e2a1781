// The vocabulary of a model, as plain data. A loader fills it, `validate` refuses invalid data, and `Tokenizer` uses
// it. The names in comments are keys of a GGUF file (ggml docs/gguf.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/word_split.hpp"
#include "litestage/io/tokenizer_json/tokenizer_rules.hpp"

namespace litestage::io {

// The values of tokenizer.ggml.token_type.
enum class TokenType : int { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Vocabulary {
  std::string model{};  // tokenizer.ggml.model: "gpt2" (byte-level BPE) or "llama" (SentencePiece BPE)
  std::string pre{};    // tokenizer.ggml.pre: pattern by which byte-level BPE first splits text (word_split.hpp)
  std::vector<std::string> tokens{};       // tokenizer.ggml.tokens; token i has the id i
  std::vector<float> scores{};             // tokenizer.ggml.scores; required by "llama"
  std::vector<int> types{};                // tokenizer.ggml.token_type; if empty, every token is normal
  std::vector<std::string> merges{};       // tokenizer.ggml.merges: "left right", best first; required by "gpt2"
  int bos = -1;                            // tokenizer.ggml.bos_token_id; -1 if the file names none, here and below
  int eos = -1;                            // tokenizer.ggml.eos_token_id
  int eot = -1;                            // tokenizer.ggml.eot_token_id: ends a turn of a chat
  int unknown = -1;                        // tokenizer.ggml.unknown_token_id
  std::optional<bool> add_bos{};           // tokenizer.ggml.add_bos_token
  std::optional<bool> add_space_prefix{};  // tokenizer.ggml.add_space_prefix
  std::string chat_template{};             // tokenizer.chat_template (Jinja); empty if the file has none
  std::string chat_template_place{};       // file and key of it in errors; empty: that of a GGUF file
  bool specials_strip_right = false;       // special tokens swallow the white space after them; by general.name
  std::vector<int> ends{};                 // more tokens that end an answer; a GGUF file names none
  std::optional<TokenizerRules> rules{};   // of a tokenizer.json; a GGUF file has none, and `model` and `pre` say how

  [[nodiscard]] TokenType type(std::size_t id) const {
    return types.empty() ? TokenType::normal : static_cast<TokenType>(types[id]);
  }
  // Whether prompts begin with `bos`. If the file does not say, the default is that of llama.cpp.
  [[nodiscard]] bool begins_with_bos() const {
    if (add_bos) return *add_bos;
    return model == "llama" || word_split(pre).value_or(WordSplit{}).adds_bos;
  }
  // Throws an Error unless a tokenizer can use this vocabulary. `source` is the name of the file.
  void validate(std::string_view source) const;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/vocabulary.hpp"
#endif
