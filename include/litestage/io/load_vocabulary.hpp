// The vocabulary in a GGUF file.
#pragma once

#include <climits>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "litestage/io/gguf.hpp"
#include "litestage/io/vocabulary.hpp"

namespace litestage::io {

namespace detail {

// The id under tokenizer.ggml.<name>; -1 where the file names none.
[[nodiscard]] inline int token_id(const Gguf& file, std::string_view name) {
  const std::string key = concat("tokenizer.ggml.", name);
  const auto id = file.find<std::int64_t>(key);
  if (!id) return -1;
  if (*id >= 0 && *id <= INT_MAX) return static_cast<int>(*id);
  throw Error(concat(file.source(), ": key ", key, " is ", *id, ", accepted are 0 to ", INT_MAX));
}

}  // namespace detail

[[nodiscard]] inline Vocabulary load_vocabulary(const Gguf& file) {
  Vocabulary v;
  v.model = file.get<std::string>("tokenizer.ggml.model");
  v.pre = file.find<std::string>("tokenizer.ggml.pre").value_or("");
  v.tokens = file.get<std::vector<std::string>>("tokenizer.ggml.tokens");
  const auto scores = file.find<std::vector<double>>("tokenizer.ggml.scores").value_or(std::vector<double>{});
  for (double score : scores) v.scores.push_back(static_cast<float>(score));
  const auto types =
      file.find<std::vector<std::int64_t>>("tokenizer.ggml.token_type").value_or(std::vector<std::int64_t>{});
  // Values that no int holds become 0, which no token may have: `validate` names the token.
  for (std::int64_t type : types) v.types.push_back(type >= 0 && type <= INT_MAX ? static_cast<int>(type) : 0);
  v.merges = file.find<std::vector<std::string>>("tokenizer.ggml.merges").value_or(std::vector<std::string>{});
  v.bos = detail::token_id(file, "bos_token_id");
  v.eos = detail::token_id(file, "eos_token_id");
  v.eot = detail::token_id(file, "eot_token_id");
  v.unknown = detail::token_id(file, "unknown_token_id");
  v.pad = detail::token_id(file, "padding_token_id");
  v.add_bos = file.find<bool>("tokenizer.ggml.add_bos_token");
  v.add_eos = file.find<bool>("tokenizer.ggml.add_eos_token");
  v.add_space_prefix = file.find<bool>("tokenizer.ggml.add_space_prefix");
  v.chat_template = file.find<std::string>("tokenizer.chat_template").value_or("");
  v.validate(file.source());
  return v;
}

}  // namespace litestage::io
