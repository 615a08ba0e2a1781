#include "litestage/io/text/special_tokens.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/small_vocabulary.hpp"
#include "litestage/io/text/text_part.hpp"

namespace {

namespace test = litestage::test;
using litestage::io::SpecialTokens;
using litestage::io::TextPart;
using litestage::io::TokenType;
using litestage::io::Vocabulary;

// Fragments as text: what is between tokens as it is, a token as {id}.
std::string cut(const SpecialTokens& special, const std::vector<TextPart>& parts) {
  const std::string text = litestage::io::text_of(parts);
  std::string shown;
  for (const SpecialTokens::Fragment& f : special.split(text, parts)) {
    if (f.id < 0) {
      shown += "[" + text.substr(f.begin, f.size) + "]";
    } else {
      shown += "{" + std::to_string(f.id) + "}";
    }
  }
  return shown;
}

}  // namespace

TEST_CASE("control tokens are found in markup only, user-defined ones everywhere") {
  const SpecialTokens special(test::byte_level_vocabulary("gpt-2", test::some_merges()));
  CHECK(cut(special, {{"a<|im_end|>b<tool>", true}}) == "[a]{2}[b]{3}");
  CHECK(cut(special, {{"a<|im_end|>b<tool>", false}}) == "[a<|im_end|>b]{3}");
  CHECK(cut(special, {{"<|im_start|>", true}, {"<|im_end|>", false}, {"<|im_end|>", true}}) == "{1}[<|im_end|>]{2}");
  CHECK(cut(special, {{"<|im_start|><|im_start|>", true}}) == "{1}{1}");
  CHECK(cut(special, {{"", true}}).empty());
  CHECK(cut(special, {}).empty());
}

TEST_CASE("a name across the edge of markup is no token, across two parts of markup it is one") {
  const SpecialTokens special(test::byte_level_vocabulary("gpt-2", test::some_merges()));
  CHECK(cut(special, {{"x<|im_", false}, {"end|>y", true}}) == "[x<|im_end|>y]");
  CHECK(cut(special, {{"x<|im_", true}, {"end|>y", true}}) == "[x]{2}[y]");
  CHECK(cut(special, {{"<|im_end|>", false}, {"<|im_end|>", true}}) == "[<|im_end|>]{2}");
}

TEST_CASE("the longest name wins") {
  Vocabulary v = test::byte_level_vocabulary("gpt-2", test::some_merges());
  test::add_token(v, "<tool>s", TokenType::user_defined);
  const int longer = static_cast<int>(v.tokens.size()) - 1;
  const SpecialTokens special(v);
  CHECK(cut(special, {{"<tool>s<tool>", false}}) == "{" + std::to_string(longer) + "}{3}");
}

TEST_CASE("in Phi-3 special tokens swallow the white space after them, except some") {
  Vocabulary v = test::byte_level_vocabulary("gpt-2", test::some_merges());
  const std::vector<TextPart> text = {{"<|im_end|> \t\r\n\v\fa <tool>  <|endoftext|> b<tool>\n", true}};
  CHECK(cut(SpecialTokens(v), text) == "{2}[ \t\r\n\v\fa ]{3}[  ]{0}[ b]{3}[\n]");
  v.specials_strip_right = true;
  CHECK(cut(SpecialTokens(v), text) == "{2}[a ]{3}{0}[ b]{3}");
  CHECK(cut(SpecialTokens(v), {{"<|im_end|>\u00A0", true}}) == "{2}[\u00A0]");
}

TEST_CASE("what ends an answer: the file's own end tokens and those known by name") {
  Vocabulary v = test::byte_level_vocabulary("gpt-2", test::some_merges());
  test::add_token(v, "<end_of_turn>", TokenType::normal);
  const int by_name = static_cast<int>(v.tokens.size()) - 1;
  v.eos = 7;
  v.eot = 9;
  const SpecialTokens special(v);
  std::vector<int> ends;
  for (int id = 0; id <= by_name; ++id) {
    if (special.is_end(id)) ends.push_back(id);
  }
  CHECK(ends == std::vector<int>{0, 2, 7, 9, by_name});
  // Known by name, it is a control token, whatever its type.
  CHECK(cut(special, {{"<end_of_turn>", true}}) == "{" + std::to_string(by_name) + "}");
  CHECK(cut(special, {{"<end_of_turn>", false}}) == "[<end_of_turn>]");
}
