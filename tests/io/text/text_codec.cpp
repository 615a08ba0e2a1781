#include "litestage/io/text/text_codec.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"
#include "common/io_scratch.hpp"
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
  const io::TextCodec codec(codec_vocabulary(), "m.gguf", {.chat_template = "chatml"});
  // A line break at a message's beginning joins with the one of the markup: parts are not encoded one by one.
  for (const char* words : {"hello", "\n\nhello", "", "  ", "hello\n", "<tool>", "<|im_", "\xFF", "é<"}) {
    const Prompt prompt{{{Role::system, words}, {Role::user, words}}, words};
    const std::string text = io::text_of(codec.render(prompt));
    CHECK(codec.encode(prompt) == codec.tokenizer().encode(text, true));
  }
}

TEST_CASE("the names of control tokens in someone's words are words") {
  const io::TextCodec codec(codec_vocabulary(), "m.gguf", {.chat_template = "chatml"});
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

TEST_CASE("without a usable chat template, only conversations fail") {
  io::Vocabulary v = codec_vocabulary();
  const io::TextCodec codec(v, "m.gguf");
  CHECK_FALSE(codec.chat_template().has_value());
  CHECK(codec.encode({{{Role::text, "hello"}}, ""}).size() == 1);
  const Prompt chat{{{Role::user, "hello"}}, ""};
  const std::string advice =
      "use --stages tinythinker, which needs no chat template, or --chat-template chatml, zephyr, llama-2, llama-3 or "
      "FILE.jinja";
  const auto refusal_of = [&](const io::TextCodec& c) {
    return test::error_of([&] { static_cast<void>(c.encode(chat)); });
  };
  CHECK(refusal_of(codec) == "m.gguf: key tokenizer.chat_template is missing, " + advice);
  v.chat_template = "{{ '<|im_start|>' }}\n{% import 'x' as y %}";
  const io::TextCodec unknown(v, "m.gguf");
  CHECK_FALSE(unknown.chat_template().has_value());
  CHECK(unknown.encode({{{Role::text, "hello"}}, ""}).size() == 1);
  CHECK(refusal_of(unknown) ==
        "m.gguf: key tokenizer.chat_template, line 2: the tag {% import %} is not supported here; " + advice);
  v.chat_template = "{{ message.role + messages[0].content }}";
  CHECK(refusal_of(io::TextCodec(v, "m.gguf")) ==
        "m.gguf: key tokenizer.chat_template, line 1: the attribute role needs a value, but \"message\" is undefined");
  const io::TextCodec told(v, "m.gguf", {.chat_template = "chatml"});
  CHECK(told.encode(chat).front() == 1);
  CHECK(test::error_of([&] { io::TextCodec(v, "m.gguf", {.chat_template = "x"}); }).find("--chat-template is \"x\"") ==
        0);
}

TEST_CASE("the model's own template is used, with variables") {
  io::Vocabulary v = codec_vocabulary();
  v.chat_template =
      "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
      "<|im_start|>assistant\n{% if enable_thinking is false %}{{ '<tool>' }}{% endif %}";
  const Prompt chat{{{Role::user, "hello"}}, ""};
  const io::TextCodec codec(v, "m.gguf");
  CHECK(codec.chat_choice().empty());
  const Ids ids = codec.encode(chat);
  CHECK(ids == codec.tokenizer().encode("<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n", true));
  const io::TextCodec quick(v, "m.gguf", {.chat_template = "", .variables = {{"enable_thinking", "false"}}});
  CHECK(quick.chat_choice() == "\nenable_thinking=false");
  CHECK(quick.encode(chat).size() == ids.size() + 1);
  CHECK(quick.encode(chat).back() == 3);
}

TEST_CASE("a template may be a file") {
  const test::ScratchFolder scratch;
  const std::string path = scratch.write("own.jinja", "{{ messages[0].content }}{{ eos_token }}");
  const io::TextCodec codec(codec_vocabulary(), "m.gguf", {.chat_template = path});
  CHECK(codec.chat_choice() == "{{ messages[0].content }}{{ eos_token }}");
  CHECK(io::text_of(codec.render({{{Role::user, "hello"}}, "x"})) == "hello<|im_end|>x");
  const std::string broken = scratch.write("broken.jinja", "{{");
  CHECK(test::error_of([&] { io::TextCodec(codec_vocabulary(), "m.gguf", {.chat_template = broken}); }) ==
        broken + ", line 1: a tag does not end, expected }}");
  CHECK(test::error_of([&] {
          io::TextCodec(codec_vocabulary(), "m.gguf", {.chat_template = "none.jinja"});
        }).find("none.jinja: cannot be opened") == 0);
}

TEST_CASE("formats write the texts of the file's own tokens") {
  io::Vocabulary v = test::sentencepiece_vocabulary(test::some_pieces());
  const io::TextCodec codec(v, "m.gguf", {.chat_template = "llama-2"});
  const Ids ids = codec.encode({{{Role::user, "the"}, {Role::assistant, "thing"}, {Role::user, "</s>"}}, ""});
  CHECK(ids.front() == 1);
  CHECK(ids[1] != 1);
  int ends = 0;
  for (int id : ids) ends += codec.is_end(id) ? 1 : 0;
  CHECK(ends == 1);
  CHECK(codec.size() == v.tokens.size());
  CHECK(codec.piece(2) == "</s>");
}
