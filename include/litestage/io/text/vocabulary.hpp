// What a model file says about its tokens, as plain data. A loader fills it, `validate` refuses what cannot be used,
// `Tokenizer` works from it. The names in comments are the keys of a GGUF file (ggml docs/gguf.md).
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/outside_text.hpp"
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

namespace detail {

inline void check_length(std::string_view source, std::string_view key, std::size_t found, std::size_t tokens) {
  if (found == tokens) return;
  throw Error(concat(source, ": tokenizer.ggml.", key, " has ", found, " entries, accepted are ", tokens,
                     ", one for every token"));
}

inline void check_special_ids(const Vocabulary& v, std::string_view source) {
  const std::pair<std::string_view, int> ids[] = {
      {"bos_token_id", v.bos}, {"eos_token_id", v.eos}, {"eot_token_id", v.eot}, {"unknown_token_id", v.unknown}};
  for (const auto& [key, id] : ids) {
    if (id < -1 || (id >= 0 && static_cast<std::size_t>(id) >= v.tokens.size())) {
      throw Error(concat(source, ": tokenizer.ggml.", key, " is ", id, ", accepted are 0 to ", v.tokens.size() - 1));
    }
  }
}

}  // namespace detail

inline void Vocabulary::validate(std::string_view source) const {
  if (model != "gpt2" && model != "llama") {
    throw Error(concat(source, ": tokenizer.ggml.model is ", in_quotes(model), ", accepted are gpt2 and llama"));
  }
  if (tokens.empty())
    throw Error(concat(source, ": tokenizer.ggml.tokens is empty or missing, needed is a vocabulary"));
  if (model == "gpt2") {
    if (!word_split(pre)) {
      throw Error(concat(source, ": tokenizer.ggml.pre is ", in_quotes(pre), ", expected one of ", word_split_names()));
    }
    if (merges.empty()) throw Error(concat(source, ": tokenizer.ggml.merges is empty or missing, gpt2 needs it"));
  }
  if (model == "llama") detail::check_length(source, "scores", scores.size(), tokens.size());
  if (!types.empty()) detail::check_length(source, "token_type", types.size(), tokens.size());
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (types[i] < 1 || types[i] > 6) {
      throw Error(
          concat(source, ": tokenizer.ggml.token_type of token ", i, " is ", types[i], ", accepted are 1 to 6"));
    }
  }
  for (std::size_t i = 0; model == "llama" && i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      throw Error(concat(source, ": tokenizer.ggml.scores of token ", i, " is ", scores[i], ", accepted are numbers"));
    }
  }
  detail::check_special_ids(*this, source);
}

}  // namespace litestage::io
