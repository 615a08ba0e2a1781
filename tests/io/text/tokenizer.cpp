#include "litestage/io/text/tokenizer.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/small_vocabulary.hpp"
#include "litestage/core/text/utf8.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;
using Ids = std::vector<int>;

io::SubwordTokenizer byte_level(const char* pre = "gpt-2") {
  return io::SubwordTokenizer(test::byte_level_vocabulary(pre, test::some_merges()), "m.gguf");
}
io::SubwordTokenizer sentencepiece(bool prefix = true) {
  io::Vocabulary v = test::sentencepiece_vocabulary(test::some_pieces());
  v.add_space_prefix = prefix;
  return io::SubwordTokenizer(v, "m.gguf");
}

// The tokens' texts with | between them.
std::string pieces(const io::SubwordTokenizer& tokenizer, std::string_view text, bool parse_special = false) {
  std::string shown;
  for (int id : tokenizer.encode(text, parse_special)) shown += (shown.empty() ? "" : "|") + tokenizer.piece(id);
  return shown;
}

std::string random_text(std::mt19937& random) {
  constexpr char32_t starts[] = {0x20, 0x20, 0x61, 0x30, 0xC0, 0x300, 0x627, 0x1780, 0x2000, 0x4E00, 0x1F600};
  std::string text;
  for (std::size_t n = random() % 41; n > 0; --n) {
    litestage::append_utf8(text, starts[random() % 11] + static_cast<char32_t>(random() % 24));
  }
  return text;
}

}  // namespace

TEST_CASE("byte-level: merges in their order, inside words only") {
  CHECK(pieces(byte_level(), "hello world") == "hello| worl|d");
  CHECK(pieces(byte_level(), "hell o") == "hell| |o");
  CHECK(pieces(byte_level(), "é😀") == "é|😀");
  CHECK(pieces(byte_level(), "12") == "12");
  CHECK(pieces(byte_level("smollm"), "12") == "1|2");
  CHECK(pieces(byte_level(), "").empty());
}

TEST_CASE("byte-level: Llama 3 takes a word that is a token whole, others merge their way") {
  std::vector<test::Merge> merges = {{"b", "c"}, {"a", "b"}};
  io::Vocabulary v = test::byte_level_vocabulary("llama-bpe", merges);
  test::add_token(v, "abc", io::TokenType::normal);
  CHECK(pieces(io::SubwordTokenizer(v, "m.gguf"), "abc") == "abc");
  v.pre = "qwen2";
  CHECK(pieces(io::SubwordTokenizer(v, "m.gguf"), "abc") == "a|bc");
}

TEST_CASE("byte-level: merges may go through what is no token") {
  io::Vocabulary v = test::byte_level_vocabulary("gpt-2", {});
  v.merges = {"x y", "xy z"};
  test::add_token(v, "xyz", io::TokenType::normal);
  const io::SubwordTokenizer tokenizer(v, "m.gguf");
  CHECK(pieces(tokenizer, "xyz") == "xyz");
  CHECK(pieces(tokenizer, "xyx") == "x|y|x");
}

TEST_CASE("byte-level: senseless merges are passed over, bytes without a token are left out") {
  io::Vocabulary v = test::byte_level_vocabulary("gpt-2", {{"a", "b"}});
  v.merges.insert(v.merges.end(), {"", " ", "ab", "你 a", " a", "a ", "a b"});
  v.tokens[test::first_byte_id + 'q'] = "";
  const io::SubwordTokenizer tokenizer(v, "m.gguf");
  CHECK(pieces(tokenizer, "abqa") == "ab|a");
}

TEST_CASE("byte-level: what is no UTF-8 becomes U+FFFD, surrogates stay") {
  const io::SubwordTokenizer tokenizer = byte_level();
  CHECK(tokenizer.decode(tokenizer.encode("a\xFF\xC3", false)) == "a\uFFFD\uFFFD");
  CHECK(tokenizer.decode(tokenizer.encode("\xED\xA0\x80!\xED", false)) == "\xED\xA0\x80!\uFFFD");
  CHECK(pieces(tokenizer, "\xFF") == "\uFFFD");
}

TEST_CASE("SentencePiece: the best score first, characters without a token byte by byte") {
  CHECK(pieces(sentencepiece(), "the thing") == " the| t|h|ing");
  CHECK(pieces(sentencepiece(false), "the") == "t|he");
  CHECK(sentencepiece(false).encode("é你好", false) == Ids{266, 275});
  CHECK(sentencepiece(false).encode("ü", false) == Ids{3 + 0xC3, 3 + 0xBC});
  CHECK(sentencepiece(false).encode("\xFF", false) == Ids{3 + 0xFF});
  CHECK(sentencepiece().encode("", false).empty());
}

TEST_CASE("SentencePiece: a byte without a token is the unknown token, or nothing") {
  io::Vocabulary v = test::sentencepiece_vocabulary({"a"});
  v.add_space_prefix = false;
  v.tokens[3 + 'z'] = "gone";
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode("za", false) == Ids{0, 260});
  v.unknown = -1;
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode("za", false) == Ids{260});
}

TEST_CASE("SentencePiece: a space is put before text that begins or follows a control token, and taken away again") {
  const io::SubwordTokenizer tokenizer = sentencepiece();
  const Ids ids = tokenizer.encode("the<s>the</s>", true);
  CHECK(ids == Ids{262, 1, 262, 2});
  CHECK(tokenizer.decode(ids) == "the<s>the</s>");
  CHECK(tokenizer.decode(tokenizer.encode("  the", false)) == "  the");
}

TEST_CASE("text never becomes a control token by merging") {
  io::Vocabulary v = test::sentencepiece_vocabulary({"</", "s>"});
  v.add_space_prefix = false;
  const io::SubwordTokenizer tokenizer(v, "m.gguf");
  CHECK(pieces(tokenizer, "</s>") == "</|s>");
  CHECK(tokenizer.encode("</s>", true) == Ids{2});
}

TEST_CASE("prompts begin with the file's token for it, once") {
  io::Vocabulary v = test::sentencepiece_vocabulary(test::some_pieces());
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode_prompt({{"the", false}}) == Ids{1, 262});
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode_prompt({{"<s>the", true}}) == Ids{1, 262});
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode_prompt({}) == Ids{1});
  v.add_bos = false;
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode_prompt({{"the", false}}) == Ids{262});
  v.add_bos = true;
  v.bos = -1;
  CHECK(io::SubwordTokenizer(v, "m.gguf").encode_prompt({{"the", false}}) == Ids{262});
  CHECK_FALSE(byte_level().adds_bos());
}

TEST_CASE("decoding gives back what was encoded") {
  std::mt19937 random(3);
  for (const io::SubwordTokenizer& tokenizer :
       {byte_level("gpt-2"), byte_level("smollm"), byte_level("qwen2"), byte_level("default"), byte_level("llama-bpe"),
        sentencepiece(true), sentencepiece(false)}) {
    for (int i = 0; i < 200; ++i) {
      const std::string text = random_text(random) + "<tool></s>" + random_text(random);
      CHECK(tokenizer.decode(tokenizer.encode(text, i % 2 == 0)) == text);
    }
  }
}

TEST_CASE("copies do not depend on the original") {
  io::SubwordTokenizer copy = sentencepiece();
  {
    const io::SubwordTokenizer original = byte_level();
    copy = original;
  }
  CHECK(pieces(copy, "hello") == "hello");
}

TEST_CASE("a bad vocabulary is an Error that names the file, a bad id is a mistake of the caller") {
  io::Vocabulary v = test::byte_level_vocabulary("nonsense", {});
  CHECK(test::error_of([&] { io::SubwordTokenizer(v, "m.gguf"); }).find("m.gguf: tokenizer.ggml.pre") == 0);
  CHECK_THROWS_AS(static_cast<void>(byte_level().piece(-1)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(byte_level().piece(100000)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(byte_level().is_end(100000)), litestage::AssertionError);
}

TEST_CASE("ids of real models") {
  // From llama.cpp (llama-cpp-python 0.3.36); tests/crosscheck/tokenizer.py compares many more.
  const struct {
    const char* file;
    Ids ids;
  } cases[] = {{"smollm2-135m.gguf", {19556, 905, 2, 216, 33, 34, 256, 35, 36, 198, 1326, 982}},
               {"qwen2.5-coder-0.5b.gguf", {9707, 1879, 151645, 220, 16, 17, 220, 220, 18, 19, 198, 1513, 944}}};
  const char* folder = std::getenv("LITESTAGE_MODELS");
  const char* home = std::getenv("HOME");
  const std::filesystem::path models =
      folder ? std::filesystem::path(folder) : std::filesystem::path(home ? home : ".") / ".cache" / "litestage";
  for (const auto& [file, ids] : cases) {
    const std::string path = (models / file).string();
    if (!std::filesystem::exists(path)) {
      MESSAGE("skipped, missing: ", path);
      continue;
    }
    const std::string text = "Hello world<|im_end|> 12  34\n don't";
    const io::SubwordTokenizer tokenizer(io::read_vocabulary(io::Gguf(path)), path);
    CHECK(tokenizer.encode(text, true) == ids);
    CHECK(tokenizer.decode(ids) == text);
    CHECK(tokenizer.decode(tokenizer.encode(text, false)) == text);
    CHECK(tokenizer.encode(text, false).size() > ids.size());
    CHECK(tokenizer.is_end(ids[2]));
  }
}
