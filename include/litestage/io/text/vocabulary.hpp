// What a model file says about its tokens, as plain data. A loader fills it, `validate` refuses what cannot be used,
// `Tokenizer` works from it. The names in comments are the keys of a GGUF file (ggml docs/gguf.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/compiled.hpp"
#include "litestage/io/text/word_split.hpp"

namespace litestage::io {

// The values of tokenizer.ggml.token_type.
enum class TokenType : int { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Vocabulary {
  std::string model{};                // tokenizer.ggml.model: "gpt2" (byte-level BPE) or "llama" (SentencePiece BPE)
  std::string pre{};                  // tokenizer.ggml.pre: how byte-level BPE splits text first (word_split.hpp)
  std::vector<std::string> tokens{};  // tokenizer.ggml.tokens; token i has the id i
  std::vector<float> scores{};        // tokenizer.ggml.scores; of "llama", for which they are needed
  std::vector<int> types{};           // tokenizer.ggml.token_type; may be empty: every token is normal
  std::vector<std::string> merges{};  // tokenizer.ggml.merges; needed by "gpt2": "left right", best first
  int bos = -1;                       // tokenizer.ggml.bos_token_id; -1 where the file names none, here and below
  int eos = -1;                       // tokenizer.ggml.eos_token_id
  int eot = -1;                       // tokenizer.ggml.eot_token_id: ends a turn of a chat
  int unknown = -1;                   // tokenizer.ggml.unknown_token_id
  std::optional<bool> add_bos{};      // tokenizer.ggml.add_bos_token
  std::optional<bool> add_space_prefix{};  // tokenizer.ggml.add_space_prefix
  std::string chat_template{};             // tokenizer.chat_template (Jinja); empty where the file has none

  [[nodiscard]] TokenType type(std::size_t id) const {
    return types.empty() ? TokenType::normal : static_cast<TokenType>(types[id]);
  }
  // Whether prompts are to begin with `bos`; where the file does not say, as llama.cpp has it.
  [[nodiscard]] bool begins_with_bos() const {
    if (add_bos) return *add_bos;
    return model == "llama" || word_split(pre).value_or(WordSplit{}).adds_bos;
  }
  // Throws Error unless a tokenizer can work with this; `source` is the file's name.
  void validate(std::string_view source) const;
};

}  // namespace litestage::io

#if LITESTAGE_HEADER_ONLY
#include "litestage/io/text/definitions/vocabulary.hpp"
#endif
