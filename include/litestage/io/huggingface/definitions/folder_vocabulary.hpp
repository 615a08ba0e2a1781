// Reads the tokenizer of a model's folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "litestage/core/error.hpp"
#include "litestage/core/text/outside_text.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/files/mapped_file.hpp"
#include "litestage/io/huggingface/folder_vocabulary.hpp"
#include "litestage/io/tokenizer_json/read_tokenizer_json.hpp"
#include "litestage/settings/form.hpp"

namespace litestage::io {

namespace detail {

[[nodiscard]] inline std::string path_in(const std::string& folder, std::string_view name) {
  return concat(folder, "/", name);
}
[[nodiscard]] inline bool is_in(const std::string& folder, std::string_view name) {
  std::error_code ignored;
  return std::filesystem::exists(path_in(folder, name), ignored);
}
// Null if the folder has no such file.
[[nodiscard]] inline Form json_in(const std::string& folder, std::string_view name) {
  return is_in(folder, name) ? read_json_file(path_in(folder, name)) : Form();
}

// The id of a token that is named as a text or as an object with "content"; -1 if it is not named.
[[nodiscard]] inline int named_token(const Form& file, std::string_view key, const Vocabulary& v,
                                     const std::string& path) {
  const Form* found = file.find(key);
  if (found == nullptr || found->is_null()) return -1;
  const std::string what = concat(path, ": key ", key);
  const std::string& name = found->is_map() ? found->at("content", what).string(what) : found->string(what);
  if (name.empty()) return -1;
  const auto token = std::find(v.tokens.begin(), v.tokens.end(), name);
  if (token == v.tokens.end())
    throw Error(concat(what, " is ", in_quotes(name), ", expected a token of tokenizer.json"));
  return static_cast<int>(token - v.tokens.begin());
}

// "eos_token_id": an id or a list of ids.
inline void add_ends(const Form& file, const std::string& path, Vocabulary& v) {
  const Form* found = file.find("eos_token_id");
  if (found == nullptr || found->is_null()) return;
  const std::string what = path + ": key eos_token_id";
  for (const Form& one : found->is_list() ? found->list(what) : Form::List{*found}) {
    const std::int64_t id = one.integer(what);
    if (id < 0 || id >= std::ssize(v.tokens)) {
      throw Error(concat(what, " is ", id, ", expected ids of tokens, 0 to ", v.tokens.size() - 1));
    }
    if (std::find(v.ends.begin(), v.ends.end(), static_cast<int>(id)) == v.ends.end())
      v.ends.push_back(static_cast<int>(id));
  }
}

// "chat_template": a text, or a list of texts with names, of which "default" is meant where no tools are; empty if
// there is none.
[[nodiscard]] inline std::string chat_template_of(const Form* found, const std::string& what) {
  if (found == nullptr || found->is_null()) return {};
  if (!found->is_list()) return found->string(what);
  for (const Form& one : found->list(what)) {
    if (one.at("name", what).string(what) == "default") return one.at("template", what).string(what);
  }
  return {};
}

// Takes the file of the template, or else the key in tokenizer_config.json, which is `config`. Without a template the
// place says which one is missing: texts are scored and templates of the user's choice are used all the same.
inline void read_chat_template(const Form& config, const std::string& folder, Vocabulary& v) {
  const std::string file = path_in(folder, "chat_template.jinja");
  const std::string key = path_in(folder, "tokenizer_config.json") + ": key chat_template";
  const bool has_file = is_in(folder, "chat_template.jinja");
  const Form* found = has_file ? nullptr : config.find("chat_template");
  v.chat_template = has_file ? read_file(file) : chat_template_of(found, key);
  v.chat_template_place = has_file ? file : key;
  if (!v.chat_template.empty()) return;
  v.chat_template_place = found != nullptr && found->is_list()
                              ? key + ": a template named default"
                              : concat(folder, ": a template in chat_template.jinja or tokenizer_config.json");
}

[[noreturn]] inline void refuse_without_tokenizer(const std::string& folder) {
  if (is_in(folder, "tokenizer.model")) {
    throw Error(concat(
        folder,
        ": has tokenizer.model but no tokenizer.json, expected the latter (AutoTokenizer of transformers writes it)"));
  }
  throw Error(concat(folder, ": has no tokenizer.json, expected the tokenizer in that form"));
}

}  // namespace detail

LITESTAGE_INLINE Vocabulary read_folder_vocabulary(const std::string& folder) {
  const auto path = [&](std::string_view name) { return detail::path_in(folder, name); };
  if (!detail::is_in(folder, "tokenizer.json")) detail::refuse_without_tokenizer(folder);
  Vocabulary v = read_tokenizer_json(read_json_file(path("tokenizer.json")), path("tokenizer.json"));
  const Form config = detail::json_in(folder, "tokenizer_config.json");
  const int bos = detail::named_token(config, "bos_token", v, path("tokenizer_config.json"));
  v.eos = detail::named_token(config, "eos_token", v, path("tokenizer_config.json"));
  if (v.bos < 0) v.bos = bos;
  for (const char* name : {"generation_config.json", "config.json"}) {
    detail::add_ends(detail::json_in(folder, name), path(name), v);
  }
  if (v.eos < 0 && !v.ends.empty()) v.eos = v.ends.front();
  detail::read_chat_template(config, folder, v);
  v.validate(path("tokenizer.json"));
  return v;
}

LITESTAGE_INLINE void pad_vocabulary(Vocabulary& v, std::size_t rows, const std::string& folder) {
  if (v.tokens.size() > rows) {
    throw Error(concat(detail::path_in(folder, "tokenizer.json"), ": has ", v.tokens.size(),
                       " tokens, expected at most ", rows, ", the vocab_size of config.json"));
  }
  for (std::size_t id = v.tokens.size(); id < rows; ++id) {
    v.tokens.push_back(concat("[PAD", id, "]"));  // as the converter to GGUF names them
    v.types.push_back(static_cast<int>(TokenType::unused));
  }
}

}  // namespace litestage::io
