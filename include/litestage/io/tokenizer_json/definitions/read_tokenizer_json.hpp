// Reads the tokens, merges and rules of a tokenizer.json.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json_object.hpp"
#include "litestage/io/text/sentencepiece_tokenizer.hpp"
#include "litestage/io/tokenizer_json/read_pipeline.hpp"
#include "litestage/io/tokenizer_json/read_tokenizer_json.hpp"

namespace litestage::io {

namespace detail {

using TokenIds = std::unordered_map<std::string, int>;

// "model.vocab", whose ids must be 0 to n - 1: the next free id is that of the first added token.
inline void read_words(JsonObject& model, Vocabulary& v, TokenIds& ids) {
  const std::string what = model.name("vocab");
  const Form::Map& words = model.get("vocab").map(what);
  constexpr std::size_t most = std::size_t{1} << 22;  // as many as a model may have
  if (words.empty() || words.size() > most)
    throw Error(concat(what, " has ", words.size(), " tokens, expected 1 to ", most));
  v.tokens.resize(words.size());
  v.types.assign(words.size(), static_cast<int>(TokenType::normal));
  v.rules->n_words = words.size();
  std::vector<bool> taken(words.size(), false);
  for (const auto& [text, value] : words) {
    const std::int64_t id = value.is<std::int64_t>() ? value.integer(what) : -1;
    if (id < 0 || id >= std::ssize(words) || taken[id]) {
      throw Error(concat(what, ": ", in_quotes(text), " has the id ", id, ", expected ids from 0 to ", words.size() - 1,
                         ", each once"));
    }
    taken[id] = true;
    v.tokens[id] = text;
    ids.emplace(text, static_cast<int>(id));
  }
}

// A merge is "left right" or ["left", "right"].
[[nodiscard]] inline std::pair<std::string, std::string> merge_parts(const Form& merge, const std::string& what) {
  if (merge.is_list()) {
    const Form::List& parts = merge.list(what);
    if (parts.size() != 2) throw Error(concat(what, " has ", parts.size(), " parts, expected 2"));
    return {parts[0].string(what), parts[1].string(what)};
  }
  const std::string& text = merge.string(what);
  const std::size_t gap = text.find(' ');
  if (gap == std::string::npos || text.find(' ', gap + 1) != std::string::npos) {
    throw Error(concat(what, " is ", in_quotes(text), ", expected two tokens with one space between them"));
  }
  return {text.substr(0, gap), text.substr(gap + 1)};
}

inline void read_merges(JsonObject& model, Vocabulary& v, const TokenIds& ids) {
  const Form::List& merges = model.get("merges").list(model.name("merges"));
  for (std::size_t i = 0; i < merges.size(); ++i) {
    const std::string what = concat(model.name("merges"), "[", i, "]");
    if (merges[i].is_string() && merges[i].string(what).starts_with("#version")) continue;
    const auto [left, right] = merge_parts(merges[i], what);
    const auto id = [&](const std::string& text) {
      const auto found = ids.find(text);
      if (found != ids.end()) return found->second;
      throw Error(concat(what, " names ", in_quotes(text), ", expected tokens of the vocabulary"));
    };
    v.rules->merges.push_back({id(left), id(right), id(left + right)});
  }
}

inline void read_model(JsonObject model, Vocabulary& v, TokenIds& ids) {
  const std::string type = model.string("type").value_or("BPE");
  if (type != "BPE") throw Error(concat(model.name("type"), " is ", in_quotes(type), ", expected BPE"));
  if (model.number("dropout").value_or(0) != 0) {
    throw Error(concat(model.name("dropout"), " is not 0, expected a tokenizer without chance"));
  }
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const std::string found = model.string(key).value_or("");
    if (!found.empty()) throw Error(concat(model.name(key), " is ", in_quotes(found), ", expected none"));
  }
  v.rules->whole_words = model.boolean("ignore_merges", false);
  v.rules->byte_fallback = model.boolean("byte_fallback", false);
  v.rules->fuse_unknown = model.boolean("fuse_unk", false);
  read_words(model, v, ids);
  read_merges(model, v, ids);
  if (const auto unknown = model.string("unk_token")) {
    const auto found = ids.find(*unknown);
    if (found == ids.end())
      throw Error(concat(model.name("unk_token"), " is ", in_quotes(*unknown), ", expected a token"));
    v.unknown = found->second;
  }
  model.refuse_the_rest();
}

// Whether an added token is one of control even where the file does not call it special (the rule of llama.cpp's
// converter): text of users must not make such a token by its name.
[[nodiscard]] inline bool looks_like_control(std::string_view name) {
  const auto shaped = [&](std::string_view begin, std::string_view end) {
    return name.size() >= begin.size() + end.size() && name.starts_with(begin) && name.ends_with(end);
  };
  return shaped("<|", "|>") || shaped("<｜", "｜>") || shaped("<unused", ">") || name == "<pad>" || name == "<mask>" ||
         name == "<2mass>" || name == "[@BOS@]";
}

// The library gives an added token the id of the word of this name, or else the next free one, whatever its "id" says.
inline void add_token(JsonObject keys, Vocabulary& v, TokenIds& ids) {
  AddedToken token;
  token.name = keys.get("content").string(keys.name("content"));
  token.single_word = keys.boolean("single_word", false);
  token.strips_left = keys.boolean("lstrip", false);
  token.strips_right = keys.boolean("rstrip", false);
  token.normalized = keys.boolean("normalized", true);
  const bool control = keys.boolean("special", false) || looks_like_control(token.name);
  if (token.name.empty()) throw Error(concat(keys.name("content"), " is empty, expected a name"));
  const auto [entry, is_new] = ids.emplace(token.name, static_cast<int>(v.tokens.size()));
  token.id = entry->second;
  if (!is_new && v.type(token.id) != TokenType::normal) {
    throw Error(
        concat(keys.name("content"), " is ", in_quotes(token.name), " a second time, expected each token once"));
  }
  const std::int64_t said = keys.get("id").integer(keys.name("id"));
  if (said != token.id) {
    throw Error(concat(keys.name("id"), " of ", in_quotes(token.name), " is ", said, ", expected ", token.id, ", ",
                       is_new ? "the next free one" : "its place in the vocabulary"));
  }
  if (is_new) {
    v.tokens.push_back(token.name);
    v.types.push_back(0);
  }
  v.types[token.id] = static_cast<int>(control ? TokenType::control : TokenType::user_defined);
  keys.refuse_the_rest();
  v.rules->added.push_back(std::move(token));
}

inline void mark_byte_tokens(Vocabulary& v) {
  for (std::size_t id = 0; id < v.rules->n_words; ++id) {
    if (v.type(id) == TokenType::normal && SentencePieceTokenizer::named_byte(v.tokens[id])) {
      v.types[id] = static_cast<int>(TokenType::byte);
    }
  }
}

}  // namespace detail

LITESTAGE_INLINE Vocabulary read_tokenizer_json(const Form& file, const std::string& source) {
  JsonObject keys(file, source);
  static constexpr std::string_view passed[] = {"version", "truncation", "padding"};
  keys.pass_over(passed);
  Vocabulary v;
  v.rules.emplace();
  detail::TokenIds ids;
  detail::read_model(keys.object("model"), v, ids);
  if (const Form* added = keys.find("added_tokens")) {
    const Form::List& list = added->list(keys.name("added_tokens"));
    constexpr std::size_t most = 1 << 14;  // our own limit; Gemma 3 has 6,415
    if (list.size() > most)
      throw Error(concat(keys.name("added_tokens"), " has ", list.size(), " tokens, expected at most ", most));
    for (std::size_t i = 0; i < list.size(); ++i)
      detail::add_token(JsonObject(list[i], source, concat("added_tokens[", i, "].")), v, ids);
  }
  read_normalizer(keys.find("normalizer"), source, *v.rules);
  read_pretokenizer(keys.find("pre_tokenizer"), source, *v.rules);
  read_decoder(keys.find("decoder"), source, *v.rules);
  read_post_processor(keys.find("post_processor"), source, v);
  keys.refuse_the_rest();
  if (v.rules->bytes && v.rules->byte_fallback) {
    throw Error(concat(source, ": key model.byte_fallback is true, expected false where words are bytes"));
  }
  if (v.rules->byte_fallback) detail::mark_byte_tokens(v);
  v.model = v.rules->bytes ? "gpt2" : "llama";
  v.pre = "tokenizer.json";
  v.validate(source);
  return v;
}

}  // namespace litestage::io
