#include "litestage/io/text/vocabulary.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "common/error_of.hpp"
#include "common/small_vocabulary.hpp"

namespace {

namespace test = litestage::test;
using litestage::io::Vocabulary;

Vocabulary byte_level_sample() {
  return test::byte_level_vocabulary("gpt-2", test::some_merges());
}
std::string refusal(const Vocabulary& v) {
  return test::error_of([&] { v.validate("m.gguf"); });
}

}  // namespace

TEST_CASE("sound vocabularies pass") {
  CHECK(refusal(byte_level_sample()) == "no error");
  CHECK(refusal(test::sentencepiece_vocabulary(test::some_pieces())) == "no error");
  Vocabulary v = byte_level_sample();
  v.types.clear();
  v.scores.clear();
  CHECK(refusal(v) == "no error");
  CHECK(v.type(0) == litestage::io::TokenType::normal);
}

TEST_CASE("unknown kinds are named together with those that are accepted") {
  Vocabulary v = byte_level_sample();
  v.model = "bert";
  CHECK(refusal(v) == "m.gguf: tokenizer.ggml.model is \"bert\", expected gpt2 or llama");
  v = byte_level_sample();
  v.pre = "falcon";
  const std::string error = refusal(v);
  CHECK(error.find("m.gguf: tokenizer.ggml.pre is \"falcon\", expected one of gpt-2, phi-2, ") == 0);
  CHECK(error.find("llama-bpe, llama3, ") != std::string::npos);
}

TEST_CASE("names of the same way to split text are accepted, names of others are not") {
  const auto same = [](const char* a, const char* b) {
    const auto x = litestage::io::word_split(a).value(), y = litestage::io::word_split(b).value();
    return x.pattern == y.pattern && x.whole_words == y.whole_words && x.adds_bos == y.adds_bos;
  };
  CHECK(same("llama3", "llama-bpe"));
  CHECK(same("llama-v3", "llama-bpe"));
  CHECK(same("falcon3", "llama-bpe"));
  CHECK(same("deepseek-r1-qwen", "qwen2"));
  CHECK(same("megrez", "qwen2"));
  CHECK(same("phi-2", "gpt-2"));
  CHECK(same("starcoder", "smollm"));
  CHECK(same("", "default"));
  for (const char* other : {"gpt-2", "smollm", "qwen2", "llama-bpe"}) CHECK(!same("default", other));
  Vocabulary v = byte_level_sample();
  for (const char* pre : {"llama3", "deepseek-r1-qwen", "default", ""}) {
    v.pre = pre;
    CHECK(refusal(v) == "no error");
  }
  // Llama 3's pattern without taking whole words or without a beginning, SEPs, other patterns.
  for (const char* pre : {"dbrx", "chatglm-bpe", "jina-v1-en", "qwen35", "qwen", "Default"}) {
    v.pre = pre;
    CHECK(refusal(v) != "no error");
  }
}

TEST_CASE("lists of different lengths are refused") {
  Vocabulary v = byte_level_sample();
  v.types.pop_back();
  CHECK(refusal(v).find("tokenizer.ggml.token_type has 279 entries, expected 280") != std::string::npos);
  v = test::sentencepiece_vocabulary(test::some_pieces());
  v.scores.clear();
  CHECK(refusal(v).find("tokenizer.ggml.scores has 0 entries") != std::string::npos);
  v.tokens.clear();
  CHECK(refusal(v).find("tokenizer.ggml.tokens is empty") != std::string::npos);
  v = byte_level_sample();
  v.merges.clear();
  CHECK(refusal(v).find("tokenizer.ggml.merges is empty") != std::string::npos);
}

TEST_CASE("values that mean nothing are refused") {
  Vocabulary v = byte_level_sample();
  v.types[5] = 7;
  CHECK(refusal(v) == "m.gguf: tokenizer.ggml.token_type of token 5 is 7, expected 1 to 6");
  v = byte_level_sample();
  v.eos = static_cast<int>(v.tokens.size());
  CHECK(refusal(v) == "m.gguf: tokenizer.ggml.eos_token_id is 280, expected 0 to 279");
  v.eos = -2;
  CHECK(refusal(v).find("eos_token_id is -2") != std::string::npos);
  v = test::sentencepiece_vocabulary(test::some_pieces());
  v.scores[3] = std::numeric_limits<float>::quiet_NaN();  // would leave the heap without an order
  CHECK(refusal(v).find("tokenizer.ggml.scores of token 3 is nan") != std::string::npos);
}
