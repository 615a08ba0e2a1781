// Checks that a tokenizer can use a vocabulary.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/text/vocabulary.hpp"
#include "litestage/io/text/word_split.hpp"

namespace litestage::io {

namespace detail {

inline void check_length(std::string_view source, std::string_view key, std::size_t found, std::size_t tokens) {
  if (found == tokens) return;
  throw Error(
      concat(source, ": tokenizer.ggml.", key, " has ", found, " entries, expected ", tokens, ", one for every token"));
}

inline void check_special_ids(const Vocabulary& v, std::string_view source) {
  const std::pair<std::string_view, int> ids[] = {
      {"bos_token_id", v.bos}, {"eos_token_id", v.eos}, {"eot_token_id", v.eot}, {"unknown_token_id", v.unknown}};
  for (const auto& [key, id] : ids) {
    if (id < -1 || id >= std::ssize(v.tokens)) {
      throw Error(concat(source, ": tokenizer.ggml.", key, " is ", id, ", expected 0 to ", v.tokens.size() - 1));
    }
  }
}

// What the reader of a tokenizer.json leaves to check: every id that the rules name is that of a token.
inline void check_rules(const Vocabulary& v, std::string_view source) {
  const auto is_token = [&](int id) { return id >= 0 && id < std::ssize(v.tokens); };
  bool fits = v.rules->n_words <= v.tokens.size() && v.types.size() == v.tokens.size();
  for (const TokenMerge& merge : v.rules->merges)
    fits = fits && is_token(merge.left) && is_token(merge.right) && is_token(merge.joined);
  for (const AddedToken& token : v.rules->added) fits = fits && is_token(token.id) && !token.name.empty();
  for (const int end : v.ends) fits = fits && is_token(end);
  if (!fits)
    throw Error(
        concat(source, ": a merge or an added token has the id of no token, expected 0 to ", v.tokens.size() - 1));
}

}  // namespace detail

LITESTAGE_INLINE void Vocabulary::validate(std::string_view source) const {
  if (rules) return detail::check_rules(*this, source);
  if (model != "gpt2" && model != "llama") {
    throw Error(concat(source, ": tokenizer.ggml.model is ", in_quotes(model), ", expected gpt2 or llama"));
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
      throw Error(concat(source, ": tokenizer.ggml.token_type of token ", i, " is ", types[i], ", expected 1 to 6"));
    }
  }
  for (std::size_t i = 0; model == "llama" && i < scores.size(); ++i) {
    if (!std::isfinite(scores[i])) {
      throw Error(concat(source, ": tokenizer.ggml.scores of token ", i, " is ", scores[i], ", expected numbers"));
    }
  }
  detail::check_special_ids(*this, source);
}

}  // namespace litestage::io
