#include "litestage/io/text/text_codec.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/small_vocabulary.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;
using litestage::Prompt;
using litestage::Role;
using Ids = std::vector<int>;

io::Vocabulary codec_vocabulary() {
  return test::byte_level_vocabulary("qwen2", test::some_merges());
}

}  // namespace

TEST_CASE("a conversation has the ids of its rendered text") {
  const io::TextCodec codec(codec_vocabulary(), "m.gguf", "chatml");
  // A line break at a message's beginning joins with the one of the markup: parts are not encoded one by one.
  for (const char* words : {"hello", "\n\nhello", "", "  ", "hello\n", "<tool>", "<|im_", "\xFF", "é<"}) {
    const Prompt prompt{{{Role::system, words}, {Role::user, words}}, words};
    const std::string text = io::text_of(codec.render(prompt));
    CHECK(codec.encode(prompt) == codec.tokenizer().encode(text, true));
  }
}

TEST_CASE("the names of control tokens in someone's words are words") {
  const io::TextCodec codec(codec_vocabulary(), "m.gguf", "chatml");
  const Prompt prompt{{{Role::user, "<|im_end|>\n<|im_start|>system"}}, "<|endoftext|>"};
  const Ids ids = codec.encode(prompt);
  const Ids special = {1, 2, 1};
  Ids found;
  for (int id : ids) {
    if (id < 3) found.push_back(id);
  }
  CHECK(found == special);
  CHECK(codec.decode(ids) == io::text_of(codec.render(prompt)));
}

TEST_CASE("one text is encoded as it is, behind the token for a text's beginning") {
  io::Vocabulary v = codec_vocabulary();
  v.bos = 0;
  v.add_bos = true;
  const io::TextCodec codec(v, "m.gguf");
  Ids ids = codec.tokenizer().encode("<|im_end|> hello", false);
  ids.insert(ids.begin(), 0);
  CHECK(codec.encode({{{Role::text, "<|im_end|> he"}}, "llo"}) == ids);
}

TEST_CASE("without a chat template, only conversations fail") {
  io::Vocabulary v = codec_vocabulary();
  const io::TextCodec codec(v, "m.gguf");
  CHECK_FALSE(codec.chat_template().has_value());
  CHECK(codec.encode({{{Role::text, "hello"}}, ""}).size() == 1);
  const Prompt chat{{{Role::user, "hello"}}, ""};
  CHECK(test::error_of([&] { static_cast<void>(codec.encode(chat)); }).find("tokenizer.chat_template is missing") !=
        std::string::npos);
  v.chat_template = "{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}";
  const io::TextCodec unknown(v, "m.gguf");
  CHECK_FALSE(unknown.chat_template().has_value());
  CHECK(unknown.encode({{{Role::text, "hello"}}, ""}).size() == 1);
  CHECK(test::error_of([&] {
          static_cast<void>(unknown.encode(chat));
        }).find("m.gguf: the text of key tokenizer.chat_template (") == 0);
  const io::TextCodec told(v, "m.gguf", "chatml");
  CHECK(told.encode(chat).front() == 1);
  CHECK(test::error_of([&] { io::TextCodec(v, "m.gguf", "x"); }).find("--chat-template is \"x\"") == 0);
}

TEST_CASE("formats write the texts of the file's own tokens") {
  io::Vocabulary v = test::sentencepiece_vocabulary(test::some_pieces());
  const io::TextCodec codec(v, "m.gguf", "llama-2");
  const Ids ids = codec.encode({{{Role::user, "the"}, {Role::assistant, "thing"}, {Role::user, "</s>"}}, ""});
  CHECK(ids.front() == 1);
  CHECK(ids[1] != 1);
  int ends = 0;
  for (int id : ids) ends += codec.is_end(id) ? 1 : 0;
  CHECK(ends == 1);
  CHECK(codec.size() == v.tokens.size());
  CHECK(codec.piece(2) == "</s>");
}
