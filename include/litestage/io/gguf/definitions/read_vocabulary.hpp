// Reading of a vocabulary from a GGUF file.
#pragma once

#include <climits>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/core/text/lower_ascii.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/sentencepiece_tokenizer.hpp"
#include "litestage/io/text/vocabulary.hpp"

namespace litestage::io {

namespace detail {

// The id under tokenizer.ggml.<name>; -1 if the file has no such key, or has the value -1, which some tools write as an
// unsigned 32-bit number.
[[nodiscard]] inline int token_id(const Gguf& file, std::string_view name) {
  const std::string key = concat("tokenizer.ggml.", name);
  const auto id = file.find<std::int64_t>(key);
  if (!id || *id == -1 || *id == UINT32_MAX) return -1;
  if (*id >= 0 && *id <= INT_MAX) return static_cast<int>(*id);
  throw Error(concat(file.source(), ": key ", key, " is ", *id, ", expected 0 to ", INT_MAX));
}

// Refuses a file that has no token of a kind that its own flags require. (Without the key, llama.cpp uses a built-in id
// for the beginning of a text; here prompts then have no such token.)
inline void refuse_missing_tokens(const Gguf& file, const Vocabulary& v) {
  const auto refuse = [&](std::string_view name, std::string_view why) {
    throw Error(concat(file.source(), ": key tokenizer.ggml.", name, " says that there is no such token, but ", why,
                       ", expected its id"));
  };
  if (v.bos < 0 && file.has("tokenizer.ggml.bos_token_id") && v.begins_with_bos())
    refuse("bos_token_id", "prompts begin with it");
  if (v.unknown >= 0 || v.model != "llama" || !file.has("tokenizer.ggml.unknown_token_id")) return;
  for (const int id : SentencePieceTokenizer::byte_tokens(v)) {
    if (id < 0) refuse("unknown_token_id", "it stands for the bytes that have no token of their own");
  }
}

// No key says that special tokens swallow the white space after them, as those of Phi-3 do. llama.cpp goes by the
// model's name (src/llama-vocab.cpp).
[[nodiscard]] inline bool named_phi3(const Gguf& file) {
  const std::string name = lower_ascii(file.find<std::string>("general.name").value_or(""));
  return name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos;
}

}  // namespace detail

LITESTAGE_INLINE Vocabulary read_vocabulary(const Gguf& file) {
  Vocabulary v;
  v.model = file.get<std::string>("tokenizer.ggml.model");
  v.pre = file.find<std::string>("tokenizer.ggml.pre").value_or("");
  v.tokens = file.get<std::vector<std::string>>("tokenizer.ggml.tokens");
  if (v.model == "llama") {
    const auto scores = file.find<std::vector<double>>("tokenizer.ggml.scores").value_or(std::vector<double>{});
    for (double score : scores) v.scores.push_back(static_cast<float>(score));
  }
  const auto types =
      file.find<std::vector<std::int64_t>>("tokenizer.ggml.token_type").value_or(std::vector<std::int64_t>{});
  // Values that do not fit an int become 0, which is an invalid type: `validate` names the token.
  for (std::int64_t type : types) v.types.push_back(type >= 0 && type <= INT_MAX ? static_cast<int>(type) : 0);
  v.merges = file.find<std::vector<std::string>>("tokenizer.ggml.merges").value_or(std::vector<std::string>{});
  v.bos = detail::token_id(file, "bos_token_id");
  v.eos = detail::token_id(file, "eos_token_id");
  v.eot = detail::token_id(file, "eot_token_id");
  v.unknown = detail::token_id(file, "unknown_token_id");
  v.add_bos = file.find<bool>("tokenizer.ggml.add_bos_token");
  v.add_space_prefix = file.find<bool>("tokenizer.ggml.add_space_prefix");
  v.chat_template = file.find<std::string>("tokenizer.chat_template").value_or("");
  v.specials_strip_right = detail::named_phi3(file);
  v.validate(file.source());
  detail::refuse_missing_tokens(file, v);
  return v;
}

}  // namespace litestage::io
