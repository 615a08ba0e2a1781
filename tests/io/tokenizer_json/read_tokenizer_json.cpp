// Files of tokenizers: what is read, and what is refused by name.
#include "litestage/io/tokenizer_json/read_tokenizer_json.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "common/folder_writer.hpp"
#include "litestage/io/files/json.hpp"
#include "litestage/io/text/tokenizer.hpp"

using namespace litestage;
using test::says;
using test::with;

namespace {

Form json(const std::string& text) {
  return io::parse_json(text, "test");
}

// The message about the tokenizer of folder_writer.hpp with one part replaced, or taken out.
std::string error_with(const std::string& key, const std::optional<Form>& value) {
  const Form file = with(test::byte_level_tokenizer(), key, value);
  return test::error_of([&] { static_cast<void>(io::read_tokenizer_json(file, "t.json")); });
}
std::string error_with(const std::string& key, const char* value) {
  return error_with(key, json(value));
}
std::string model_error(const std::string& key, const std::optional<Form>& value) {
  return error_with("model", with(test::byte_level_tokenizer().at("model", "model"), key, value));
}
std::string model_error(const std::string& key, const char* value) {
  return model_error(key, json(value));
}

constexpr const char* level = R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":false})";

}  // namespace

TEST_CASE("tokens, merges and added tokens are read") {
  const io::Vocabulary v = io::read_tokenizer_json(test::byte_level_tokenizer(), "t.json");
  CHECK(v.tokens.size() == test::byte_level_tokenizer_size);
  CHECK(v.tokens[276] == "<|im_start|>");
  CHECK(v.type(276) == io::TokenType::control);
  CHECK(v.type(97) == io::TokenType::normal);
  CHECK(v.add_bos == false);
  CHECK(v.bos == -1);
  REQUIRE(v.rules);
  CHECK(v.rules->n_words == 276);
  CHECK(v.rules->merges.size() == 20);
  CHECK(v.rules->bytes == io::WordPattern::gpt2);
  const io::SubwordTokenizer tokenizer(v, "t.json");
  CHECK(tokenizer.encode("hello", false).size() == 1);
  CHECK(tokenizer.encode("<|im_end|>", true) == std::vector<int>{277});
}

TEST_CASE("what a tokenizer does beyond ours is refused by name") {
  CHECK(error_with("model", std::nullopt) == "t.json: key model is missing");
  CHECK(error_with("hidden", "1") == "t.json: key hidden is not supported");
  CHECK(error_with("hidden", "null") == "no error");
  CHECK(error_with("truncation", "{}") == "no error");
  CHECK(model_error("type", R"("Unigram")") == "t.json: key model.type is \"Unigram\", expected BPE");
  CHECK(model_error("dropout", "0.1") == "t.json: key model.dropout is not 0, expected a tokenizer without chance");
  CHECK(model_error("end_of_word_suffix", R"("</w>")") ==
        "t.json: key model.end_of_word_suffix is \"</w>\", expected none");
  CHECK(model_error("unk_token", R"("<none>")") == "t.json: key model.unk_token is \"<none>\", expected a token");
  CHECK(says(model_error("byte_fallback", "true"), "key model.byte_fallback is true, expected false"));
  CHECK(says(error_with("normalizer", R"({"type":"NFKC"})"), "key normalizer.type is \"NFKC\", expected NFC"));
  CHECK(says(error_with("normalizer", R"({"type":"Replace","pattern":{"Regex":"a"},"content":""})"),
             "pattern.String is missing"));
  CHECK(says(error_with("normalizer", R"({"type":"Replace","pattern":{"String":""},"content":""})"),
             "is empty, expected a text"));
  CHECK(says(error_with("pre_tokenizer", R"({"type":"Whitespace"})"),
             "key pre_tokenizer is Whitespace, expected ByteLevel"));
  CHECK(says(error_with("pre_tokenizer", "null"), "key decoder does not undo the pre-tokenizer"));
  CHECK(says(error_with("pre_tokenizer", R"({"type":"ByteLevel","add_prefix_space":true})"),
             "add_prefix_space is true, expected false"));
  CHECK(says(error_with("decoder", std::nullopt), "key decoder does not undo the pre-tokenizer, expected ByteLevel"));
  CHECK(
      says(error_with("decoder", R"({"type":"WordPiece"})"), "key decoder.type is \"WordPiece\", expected ByteLevel"));
  CHECK(says(error_with("post_processor", R"({"type":"BertProcessing"})"),
             "key post_processor.type is \"BertProcessing\""));
}

TEST_CASE("a pattern that is not known is refused, and so is a split of another kind") {
  const auto with_split = [](const std::string& split) {
    return error_with("pre_tokenizer",
                      json(concat(R"({"type":"Sequence","pretokenizers":[)", split, ",", level, "]}")));
  };
  CHECK(says(with_split(R"({"type":"Split","pattern":{"Regex":"\\w+"},"behavior":"Isolated","invert":false})"),
             "pattern.Regex is \"\\\\w+\", expected the pattern of GPT-2, GPT-4o, Llama 3, Mistral NeMo or Qwen 2"));
  CHECK(says(with_split(R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"Removed","invert":false})"),
             "behavior is \"Removed\", expected \"Isolated\", or \"Removed\" with invert"));
  CHECK(says(with_split(R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"Isolated","invert":true})"),
             "behavior is \"Isolated\" with invert, expected \"Isolated\", or \"Removed\" with invert"));
  CHECK(
      says(with_split(R"({"type":"Digits","individual_digits":false})"), "individual_digits is false, expected true"));
}

TEST_CASE("merges and ids that do not fit the vocabulary are refused") {
  CHECK(model_error("merges", R"(["h q"])") ==
        "t.json: key model.merges[0] names \"hq\", expected tokens of the vocabulary");
  CHECK(says(model_error("merges", R"([["h", "nothing"]])"), "key model.merges[0] names \"nothing\""));
  CHECK(says(model_error("merges", R"(["hello"])"), "expected two tokens with one space between them"));
  CHECK(says(model_error("merges", R"([["h"]])"), "key model.merges[0] has 1 parts, expected 2"));
  CHECK(model_error("merges", R"(["#version: 0.2", "h e"])") == "no error");
  CHECK(says(model_error("vocab", R"({"a": 0, "b": 2})"), "\"b\" has the id 2, expected ids from 0 to 1, each once"));
  CHECK(says(model_error("vocab", R"({"a": 0, "b": 0})"), "\"b\" has the id 0"));
  CHECK(says(model_error("vocab", "{}"), "has 0 tokens"));
  const auto with_token = [](const char* token) { return error_with("added_tokens", concat("[", token, "]").c_str()); };
  CHECK(with_token(R"({"id": 276, "content": "<x>"})") == "no error");
  CHECK(with_token(R"({"id": 277, "content": "<x>"})") ==
        "t.json: key added_tokens[0].id of \"<x>\" is 277, expected 276, the next free one");
  CHECK(says(with_token(R"({"id": 277, "content": "a"})"), "its place in the vocabulary"));
  CHECK(says(with_token(R"({"id": 276, "content": ""})"), "is empty, expected a name"));
  CHECK(says(with_token(R"({"id": 276, "content": "<x>"}, {"id": 276, "content": "<x>"})"), "a second time"));
  CHECK(says(with_token(R"({"id": 276, "content": "<x>", "magic": true})"),
             "key added_tokens[0].magic is not supported"));
}

TEST_CASE("an added token is one of control if the file says so, or if its name has the form of one") {
  Form file = test::byte_level_tokenizer();
  Form::List tokens;
  int id = 276;
  for (const char* name : {"<|x|>", "<\uFF5Cx\uFF5C>", "<unused7>", "<pad>", "<think>", "<|x", "hello"}) {
    Form token;
    token.add("id", std::string(name) == "hello" ? 259 : id++).add("content", name);
    tokens.push_back(std::move(token));
  }
  const io::Vocabulary v = io::read_tokenizer_json(with(file, "added_tokens", Form(tokens)), "t.json");
  for (std::size_t i = 276; i < 280; ++i) CHECK(v.type(i) == io::TokenType::control);
  for (std::size_t i = 280; i < 282; ++i) CHECK(v.type(i) == io::TokenType::user_defined);
  CHECK(v.type(259) == io::TokenType::user_defined);
}

TEST_CASE("the post-processor says which token begins a text") {
  const char* good = R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|im_start|>","type_id":0}},
    {"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<|im_end|>","type_id":0}}],"pair":[],
    "special_tokens":{"<|im_start|>":{"id":"<|im_start|>","ids":[276],"tokens":["<|im_start|>"]}}})";
  const io::Vocabulary v =
      io::read_tokenizer_json(with(test::byte_level_tokenizer(), "post_processor", json(good)), "t.json");
  CHECK(v.bos == 276);
  CHECK(v.add_bos == true);
  std::string wrong = good;
  wrong.replace(wrong.find("276"), 3, "277");
  CHECK(says(error_with("post_processor", wrong.c_str()), "is not the id of \"<|im_start|>\""));
  CHECK(says(
      error_with("post_processor", R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<|im_start|>"}},
    {"SpecialToken":{"id":"<|im_end|>"}},{"Sequence":{"id":"A"}}],"special_tokens":{}})"),
      "more than one token before a text"));
}
