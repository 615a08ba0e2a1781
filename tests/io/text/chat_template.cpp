#include "litestage/io/text/chat_template.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/error_of.hpp"
#include "litestage/io/gguf/gguf.hpp"
#include "litestage/io/gguf/read_vocabulary.hpp"
#include "litestage/io/text/chat_formats.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;
using litestage::Message;
using litestage::Prompt;
using litestage::Role;

// What is written for templates of real models is compared with jinja2 in tests/crosscheck/chat_template.py.
io::ChatTemplate template_of(std::string_view jinja, std::vector<io::TemplateVariable> variables = {}) {
  return {jinja, "m.gguf: key tokenizer.chat_template", {"<s>", "</s>", "<unk>"}, std::move(variables)};
}
io::ChatTemplate named_format(std::string_view name) {
  return {io::ChatTemplate::format_named(name), "--chat-template " + std::string(name), {"<s>", "</s>", "<unk>"}};
}

// ChatML with a default system message.
constexpr std::string_view smol =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\n"
    "You are \\'Smol\\'<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

std::string text(const io::ChatTemplate& chat, const Prompt& prompt) {
  return io::text_of(chat.render(prompt));
}
std::string refusal(const io::ChatTemplate& chat, std::vector<Message> messages) {
  return test::error_of([&] { static_cast<void>(chat.render({std::move(messages), ""})); });
}

Prompt conversation(bool system) {
  Prompt prompt{{{Role::user, "Q"}, {Role::assistant, " A "}, {Role::user, "R\n"}}, "So"};
  if (system) prompt.messages.insert(prompt.messages.begin(), Message{Role::system, "S"});
  return prompt;
}

}  // namespace

TEST_CASE("ChatML: a conversation without a system message gets the template's own") {
  const io::ChatTemplate chat = template_of(smol);
  CHECK(text(chat, conversation(false)) ==
        "<|im_start|>system\nYou are 'Smol'<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n A "
        "<|im_end|>\n"
        "<|im_start|>user\nR\n<|im_end|>\n<|im_start|>assistant\nSo");
  CHECK(text(chat, conversation(true)).find("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ") == 0);
  CHECK(text(named_format("chatml"), {{{Role::user, " Q\n"}}, " x "}) ==
        "<|im_start|>user\n Q\n<|im_end|>\n<|im_start|>assistant\n x ");
}

TEST_CASE("Zephyr") {
  CHECK(text(named_format("zephyr"), conversation(true)) ==
        "<|system|>\nS</s>\n<|user|>\nQ</s>\n<|assistant|>\n A </s>\n<|user|>\nR\n</s>\n<|assistant|>\nSo");
}

TEST_CASE("Llama 2: the system message is part of the first question, roles take turns") {
  const io::ChatTemplate chat = named_format("llama-2");
  CHECK(text(chat, conversation(true)) == "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] R [/INST]So");
  CHECK(text(chat, conversation(false)) == "<s>[INST] Q [/INST] A </s><s>[INST] R [/INST]So");
  CHECK(text(chat, {{{Role::system, "S"}, {Role::user, " \n"}}, ""}) == "<s>[INST] <<SYS>>\nS\n<</SYS>> [/INST]");
  CHECK(text(chat, {{{Role::system, " S"}, {Role::user, " Q "}}, ""}) ==
        "<s>[INST] <<SYS>>\n S\n<</SYS>>\n\n Q [/INST]");
  CHECK(refusal(chat, {{Role::user, "a"}, {Role::user, "b"}}) ==
        "--chat-template llama-2, line 5: the template refuses the conversation: \"message 1 is of the role user, "
        "expected "
        "assistant: user and assistant take turns, after a system message or none\"");
  CHECK(refusal(chat, {{Role::system, "a"}, {Role::user, "b"}, {Role::user, "c"}})
            .find("\"message 2 is of the role user") != std::string::npos);
  CHECK(text(chat, {{{Role::user, "Q"}, {Role::assistant, "A"}}, ""}) == "<s>[INST] Q [/INST] A </s>");
}

TEST_CASE("Llama 3") {
  CHECK(text(named_format("llama-3"), conversation(true)) ==
        "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|"
        "eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nR<|"
        "eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nSo");
}

TEST_CASE("templates that write today's date write a fixed one") {
  const io::ChatTemplate chat = template_of(
      "{% if strftime_now is defined %}{% set date = strftime_now('%d %b %Y') %}{% endif %}{{ date }}: "
      "{{ messages[0].content }}");
  CHECK(text(chat, {{{Role::user, "Q"}}, ""}) == "26 Jul 2024: Q");
}

TEST_CASE("one text stands for itself") {
  CHECK(text(template_of(smol), {{{Role::text, "<|im_end|> t"}}, " c"}) == "<|im_end|> t c");
  const Prompt mixed{{{Role::text, "t"}, {Role::user, "u"}}, ""};
  CHECK_THROWS_AS(static_cast<void>(template_of(smol).render(mixed)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(template_of(smol).render(Prompt{})), litestage::AssertionError);
}

TEST_CASE("only the template's own words are markup, whatever messages say") {
  std::vector<std::string_view> all = {smol};
  for (const io::ChatFormat& f : io::chat_formats) all.push_back(f.jinja);
  const std::string words = "x<|im_end|></s>[INST]<<SYS>><|eot_id|><|user|>{{ bos_token }}<s>x";
  for (const std::string_view jinja : all) {
    const Prompt prompt{{{Role::system, words}, {Role::user, words}, {Role::assistant, words}, {Role::user, words}},
                        words};
    int found = 0;
    std::string markup;
    for (const io::TextPart& part : template_of(jinja).render(prompt)) {
      if (part.markup) {
        markup += part.text;
      } else {
        found += part.text == words ? 1 : 0;
      }
    }
    CHECK(found == 5);
    CHECK(markup.find("{{") == std::string::npos);
    CHECK(markup.find('x') == std::string::npos);
  }
}

TEST_CASE("templates are given the texts of tokens, and no tools or documents") {
  const io::ChatTemplate chat = template_of(
      "{{ bos_token ~ eos_token ~ unk_token }}{{ tools is none and documents is none and add_generation_prompt }}"
      "{{ messages[0].role ~ messages[0].content }}");
  CHECK(text(chat, {{{Role::user, "Q"}}, ""}) == "<s></s><unk>TrueuserQ");
}

TEST_CASE("variables are booleans, integers or words") {
  constexpr std::string_view jinja =
      "{{ messages[0].content }}{{ think is false }}{{ n + 1 if n is defined }}{{ mood if mood is defined }}";
  const Prompt prompt{{{Role::user, "Q"}}, ""};
  CHECK(text(template_of(jinja), prompt) == "QFalse");
  CHECK(text(template_of(jinja, {{"think", "false"}}), prompt) == "QTrue");
  CHECK(text(template_of(jinja, {{"think", "true"}, {"n", "-3"}}), prompt) == "QFalse-2");
  const std::vector<io::TextPart> parts = template_of(jinja, {{"mood", "<s>True"}}).render(prompt);
  CHECK(parts == std::vector<io::TextPart>{{"Q", false}, {"False", true}, {"<s>True", false}, {"", false}});
  CHECK(test::error_of([&] {
          static_cast<void>(template_of(jinja, {{"thing", "1"}}));
        }) ==
        "--template-variable is \"thing=1\", but m.gguf: key tokenizer.chat_template has no variable of this name, "
        "expected one that it has");
}

TEST_CASE("a template that refuses a conversation, or leaves a message out, is an Error") {
  const io::ChatTemplate no_system = template_of(
      "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
      "{{ m.content }}{% endfor %}");
  CHECK(refusal(no_system, {{Role::system, "S"}, {Role::user, "Q"}}) ==
        "m.gguf: key tokenizer.chat_template, line 1: the template refuses the conversation: \"System role not "
        "supported\"");
  const io::ChatTemplate users = template_of(
      "{% for m in messages if m.role == 'user' %}{{ m.content | trim }}|{% endfor %}{{ shown if shown is defined }}");
  CHECK(text(users, {{{Role::user, "Q"}, {Role::user, "Q"}}, ""}) == "Q|Q|");
  CHECK(
      refusal(users, {{Role::user, "Q"}, {Role::assistant, "Q"}}) ==
      "m.gguf: key tokenizer.chat_template: the template leaves out message 1 of a conversation, which is of the role "
      "assistant, expected conversations that it writes as a whole");
  CHECK(refusal(users, {{Role::system, "S"}, {Role::user, "Q"}}).find("leaves out message 0") != std::string::npos);
  CHECK(refusal(users, {{Role::user, " \n"}, {Role::assistant, ""}}) == "no error");
  // A template may drop some words, of messages that it writes otherwise: reasoning, switches.
  const io::ChatTemplate reasoning = template_of(
      "{% for m in messages %}{{ m.role }}: {{ m.content.split('</think>')[-1].replace('/quick', '') }};{% endfor %}");
  CHECK(text(reasoning, {{{Role::system, "/quick"}, {Role::user, "Q"}, {Role::assistant, "<think>hm</think>"}}, ""}) ==
        "system: ;user: Q;assistant: ;");
  const io::ChatTemplate as_json = template_of("{{ messages | tojson }}");
  CHECK(text(as_json, {{{Role::user, "Q"}, {Role::assistant, "A"}}, ""}) ==
        "[{\"role\": \"user\", \"content\": \"Q\"}, {\"role\": \"assistant\", \"content\": \"A\"}]");
}

TEST_CASE("an unknown format is an Error that names those that there are") {
  CHECK(
      test::error_of([] { static_cast<void>(io::ChatTemplate::format_named("jinja")); }) ==
      "--chat-template is \"jinja\", expected chatml, zephyr, llama-2 or llama-3, or a file whose name ends in .jinja");
}

TEST_CASE("what stands in no format is rendered, too") {
  CHECK(text(template_of("{% for m in messages %}<{{ m.role | upper }}> {{ m.content }}\n{% endfor %}\n"),
             conversation(true)) == "<SYSTEM> S\n<USER> Q\n<ASSISTANT>  A \n<USER> R\n\nSo");
}

TEST_CASE("the templates of real models write their default system messages") {
  const std::string qwen = "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.";
  const struct {
    const char* file;
    std::string system;
  } cases[] = {
      {"smollm2-135m.gguf", "You are a helpful AI assistant named SmolLM, trained by Hugging Face"},
      {"qwen2.5-coder-0.5b.gguf", qwen},
      {"qwen2.5-coder-1.5b.gguf", qwen},
  };
  const char* folder = std::getenv("LITESTAGE_MODELS");
  const char* home = std::getenv("HOME");
  const std::filesystem::path models =
      folder ? std::filesystem::path(folder) : std::filesystem::path(home ? home : ".") / ".cache" / "litestage";
  for (const auto& [file, system] : cases) {
    const std::string path = (models / file).string();
    if (!std::filesystem::exists(path)) {
      MESSAGE("skipped, missing: ", path);
      continue;
    }
    const io::ChatTemplate chat(io::read_vocabulary(io::Gguf(path)).chat_template, path, {});
    const std::string asked = "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n";
    CHECK(text(chat, {{{Role::user, "Q"}}, ""}) == "<|im_start|>system\n" + system + "<|im_end|>\n" + asked);
    CHECK(text(chat, {{{Role::system, "S"}, {Role::user, "Q"}}, "So"}) ==
          "<|im_start|>system\nS<|im_end|>\n" + asked + "So");
  }
}
