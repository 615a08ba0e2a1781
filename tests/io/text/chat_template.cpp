#include "litestage/io/text/chat_template.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;
using litestage::Message;
using litestage::Prompt;
using litestage::Role;

// What is written for templates of real models is compared with jinja2 in tests/crosscheck/chat_template.py.
constexpr std::string_view made_up_text = "{% for m in messages %}{{ m.role + ': ' + m.content }}{% endfor %}";

io::ChatTemplate styled(io::ChatStyle style) {
  const io::KnownTemplate known[] = {{made_up_text.size(), io::text_hash(made_up_text), style}};
  return io::ChatTemplate::recognised(made_up_text, "<s>", "</s>", "m.gguf", known);
}
io::ChatTemplate styled(io::ChatFormat format) {
  return styled(io::ChatStyle{format});
}
constexpr io::ChatStyle smol{io::ChatFormat::chatml, "You are 'Smol'"};

std::string refusal_of(std::string_view jinja) {
  return test::error_of([&] { static_cast<void>(io::ChatTemplate::recognised(jinja, "<s>", "</s>", "m.gguf")); });
}
const std::string what_to_do =
    "use --stages tinythinker, which needs no chat template, or --chat-template chatml, zephyr, llama-2 or llama-3";

std::string text(const io::ChatTemplate& chat, const Prompt& prompt) {
  return io::text_of(chat.render(prompt));
}

Prompt conversation(bool system) {
  Prompt prompt{{{Role::user, "Q"}, {Role::assistant, " A "}, {Role::user, "R\n"}}, "So"};
  if (system) prompt.messages.insert(prompt.messages.begin(), Message{Role::system, "S"});
  return prompt;
}

}  // namespace

TEST_CASE("ChatML: a conversation without a system message gets the template's own") {
  const io::ChatTemplate chat = styled(smol);
  CHECK(chat.style() == smol);
  CHECK(text(chat, conversation(false)) ==
        "<|im_start|>system\nYou are 'Smol'<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n A "
        "<|im_end|>\n"
        "<|im_start|>user\nR\n<|im_end|>\n<|im_start|>assistant\nSo");
  CHECK(text(chat, conversation(true)).find("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ") == 0);
  CHECK(text(styled(io::ChatFormat::chatml), {{{Role::user, " Q\n"}}, " x "}) ==
        "<|im_start|>user\n Q\n<|im_end|>\n<|im_start|>assistant\n x ");
  CHECK(text(io::ChatTemplate::named("chatml", "", ""), {{{Role::user, "Q"}}, ""}) ==
        "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("templates that take roles in turn only are given no other conversations") {
  const io::ChatTemplate chat = styled(io::ChatStyle{io::ChatFormat::chatml, {}, false, true});
  const auto refusal = [&](std::vector<Message> messages) {
    return test::error_of([&] { static_cast<void>(chat.render({std::move(messages), ""})); });
  };
  CHECK(text(chat, conversation(true)) == text(styled(io::ChatFormat::chatml), conversation(true)));
  CHECK(text(chat, conversation(false)) == text(styled(io::ChatFormat::chatml), conversation(false)));
  const std::string in_turn = ": the chat template takes user and assistant in turn, after a system message or none";
  CHECK(refusal({{Role::user, "a"}, {Role::user, "b"}}) ==
        "message 1 of a conversation is of the role user, expected assistant" + in_turn);
  CHECK(refusal({{Role::system, "s"}, {Role::assistant, "a"}}) ==
        "message 1 of a conversation is of the role assistant, expected user" + in_turn);
  CHECK(refusal({{Role::user, "a"}, {Role::assistant, "b"}, {Role::system, "s"}}) ==
        "message 2 of a conversation is of the role system, expected user" + in_turn);
  const std::string last = ", expected user: the chat template takes no others there";
  CHECK(refusal({{Role::user, "a"}, {Role::assistant, "b"}}) ==
        "the last message of a conversation is of the role assistant" + last);
  CHECK(refusal({{Role::system, "s"}}) == "the last message of a conversation is of the role system" + last);
}

TEST_CASE("Zephyr") {
  CHECK(text(styled(io::ChatFormat::zephyr), conversation(true)) ==
        "<|system|>\nS</s>\n<|user|>\nQ</s>\n<|assistant|>\n A </s>\n<|user|>\nR\n</s>\n<|assistant|>\nSo");
}

TEST_CASE("Llama 2: the system message is part of the first question, roles take turns") {
  const io::ChatTemplate chat = styled(io::ChatFormat::llama2);
  CHECK(text(chat, conversation(true)) == "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] R [/INST]So");
  CHECK(text(chat, conversation(false)) == "<s>[INST] Q [/INST] A </s><s>[INST] R [/INST]So");
  CHECK(text(chat, {{{Role::system, "S"}, {Role::user, " \n"}}, ""}) == "<s>[INST] <<SYS>>\nS\n<</SYS>> [/INST]");
  const Prompt twice{{{Role::user, "a"}, {Role::user, "b"}}, ""};
  CHECK(
      test::error_of([&] { static_cast<void>(chat.render(twice)); }) ==
      "message 1 of a conversation is of the role user, expected assistant: the chat template takes user and assistant "
      "in turn, after a system message or none");
  CHECK(text(chat, {{{Role::user, "Q"}, {Role::assistant, "A"}}, ""}) == "<s>[INST] Q [/INST] A </s>");
}

TEST_CASE("Llama 3 and its dated successors") {
  CHECK(text(styled(io::ChatFormat::llama3), conversation(true)) ==
        "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|"
        "eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nR<|"
        "eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nSo");
  const std::string dated =
      "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 26 Jul "
      "2024\n\n";
  const std::string asked =
      "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|><|start_header_id|>assistant<|end_header_id|>"
      "\n\n";
  const io::ChatTemplate chat = styled(io::ChatStyle{io::ChatFormat::llama3, {}, true});
  CHECK(text(chat, {{{Role::user, "Q"}}, ""}) == dated + asked);
  CHECK(text(chat, {{{Role::system, " S\n"}, {Role::user, "Q"}}, ""}) == dated + "S" + asked);
}

TEST_CASE("one text stands for itself") {
  CHECK(text(styled(smol), {{{Role::text, "<|im_end|> t"}}, " c"}) == "<|im_end|> t c");
  const Prompt mixed{{{Role::text, "t"}, {Role::user, "u"}}, ""};
  CHECK_THROWS_AS(static_cast<void>(styled(smol).render(mixed)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(styled(smol).render(Prompt{})), litestage::AssertionError);
}

TEST_CASE("only the template's own words are markup") {
  for (const io::TextPart& part : styled(smol).render({{{Role::user, "QQ"}, {Role::user, "RR"}}, "CC"})) {
    const bool is_words = part.text == "QQ" || part.text == "RR" || part.text == "CC";
    CHECK(part.markup != is_words);
  }
}

TEST_CASE("a missing or unknown template is an Error that says what to do") {
  CHECK(refusal_of("") == "m.gguf: key tokenizer.chat_template is missing, " + what_to_do);
  CHECK(
      refusal_of("foobar") ==
      "m.gguf: the text of key tokenizer.chat_template (6 bytes, FNV-1a 85944171f73967e8) is not one of those known, " +
          what_to_do);
  CHECK(test::error_of([] { static_cast<void>(io::ChatTemplate::named("jinja", "", "")); }) ==
        "--chat-template is \"jinja\", expected chatml, zephyr, llama-2 or llama-3");
}

TEST_CASE("what only resembles a known format is refused") {
  for (const char* jinja :
       {"{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}",
        "{% set d = 'Be brief.' %}{{ '<|im_start|>system\n' + d + '<|im_end|>\n' }}{{ '<|im_start|>' + m.role }}",
        "{{ '<|im_start|>user\n' + m.content | trim + '<|im_end|>' + eos_token + '\n' }}{{ 'Answer: <|im_start|>' }}",
        "{{ '<|im_start|>human\n' + m.content }}", "{{ '<|start_header_id|>' + m['role'] + m['content'] + eos_token }}",
        "{{ '<|user|>\n' + m['content'] + eos_token }} {{ '<|assistant|>' }}",
        "{{ bos_token + '[INST] ' + '<<SYS>>' }}", "{{ '<|im_start|>' }}{% if '</think>' in content %}",
        "<start_of_turn>", "[INST]"}) {
    CHECK(refusal_of(jinja).find("is not one of those known, " + what_to_do) != std::string::npos);
  }
}

TEST_CASE("a known text with any one byte changed, left out or added is refused") {
  const io::KnownTemplate known[] = {{made_up_text.size(), io::text_hash(made_up_text), smol}};
  CHECK(*io::known_style(made_up_text, known) == smol);
  for (std::size_t i = 0; i <= made_up_text.size(); ++i) {
    std::string changed(made_up_text);
    CHECK(io::known_style(changed.insert(i, 1, '\n'), known) == nullptr);
    if (i == made_up_text.size()) break;
    CHECK(io::known_style(changed.erase(i, 2), known) == nullptr);
    for (int other = 1; other < 256; ++other) {
      changed = made_up_text;
      changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ static_cast<unsigned>(other));
      REQUIRE(io::known_style(changed, known) == nullptr);
    }
  }
}

TEST_CASE("the length of a text counts beside its hash") {
  const io::KnownTemplate known[] = {{made_up_text.size() + 1, io::text_hash(made_up_text), smol}};
  CHECK(io::known_style(made_up_text, known) == nullptr);
}

TEST_CASE("no text is known twice") {
  for (const io::KnownTemplate& a : io::known_templates) {
    int same = 0;
    for (const io::KnownTemplate& b : io::known_templates) same += a.bytes == b.bytes && a.hash == b.hash ? 1 : 0;
    CHECK(same == 1);
  }
}

TEST_CASE("the templates of real models are known, and their default system messages are in them") {
  const char* qwen = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";
  const struct {
    const char* file;
    io::ChatStyle style;
  } cases[] = {
      {"smollm2-135m.gguf",
       {io::ChatFormat::chatml, "You are a helpful AI assistant named SmolLM, trained by Hugging Face"}},
      {"qwen2.5-coder-0.5b.gguf", {io::ChatFormat::chatml, qwen}},
      {"qwen2.5-coder-1.5b.gguf", {io::ChatFormat::chatml, qwen}},
  };
  const char* folder = std::getenv("LITESTAGE_MODELS");
  const char* home = std::getenv("HOME");
  const std::filesystem::path models =
      folder ? std::filesystem::path(folder) : std::filesystem::path(home ? home : ".") / ".cache" / "litestage";
  for (const auto& [file, style] : cases) {
    const std::string path = (models / file).string();
    if (!std::filesystem::exists(path)) {
      MESSAGE("skipped, missing: ", path);
      continue;
    }
    std::string jinja = io::read_vocabulary(io::Gguf(path)).chat_template;
    CHECK(jinja.find(*style.default_system) != std::string::npos);
    CHECK(io::ChatTemplate::recognised(jinja, "", "", path).style() == style);
    jinja.replace(jinja.find("helpful"), 7, "hopeful");
    CHECK(refusal_of(jinja).find("m.gguf: the text of key tokenizer.chat_template") == 0);
  }
}
