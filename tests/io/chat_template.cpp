#include "litestage/io/chat_template.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/error_of.hpp"

namespace {

namespace io = litestage::io;
namespace test = litestage::test;
using litestage::Message;
using litestage::Prompt;
using litestage::Role;

// What these programs write is compared with jinja2 in tests/crosscheck/chat_template.py.
constexpr const char* smollm2 =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nYou are \\'Smol\\'<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' + "
    "message['content'] + '<|im_end|>' + '\n'}}{% endfor %}";
constexpr const char* qwen = R"({%- if tools %}{{- '<|im_start|>system\n' }}{{- messages[0]['content'] }}{%- else %}
{{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{{- "<|im_start|>system\nWithin \\boxed{}.<|im_end|>\n" }}{%- endif %})";

io::ChatTemplate recognised(const char* jinja) {
  return io::ChatTemplate::recognised(jinja, "<s>", "</s>", "m.gguf");
}
std::string text(const io::ChatTemplate& chat, const Prompt& prompt) {
  return io::joined(chat.render(prompt));
}

Prompt conversation(bool system) {
  Prompt prompt{{{Role::user, "Q"}, {Role::assistant, " A "}, {Role::user, "R\n"}}, "So"};
  if (system) prompt.messages.insert(prompt.messages.begin(), Message{Role::system, "S"});
  return prompt;
}

}  // namespace

TEST_CASE("ChatML: the default system message is the template's own") {
  const io::ChatTemplate chat = recognised(smollm2);
  CHECK(chat.format() == io::ChatFormat::chatml);
  CHECK(text(chat, conversation(false)) ==
        "<|im_start|>system\nYou are 'Smol'<|im_end|>\n<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n A "
        "<|im_end|>\n"
        "<|im_start|>user\nR\n<|im_end|>\n<|im_start|>assistant\nSo");
  CHECK(text(chat, conversation(true)).find("<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nQ") == 0);
  CHECK(recognised(qwen).default_system() == "Within \\boxed{}.");
  CHECK_FALSE(recognised("{{ '<|im_start|>' + message.role + '\n' }}").default_system().has_value());
  CHECK(text(io::ChatTemplate::named("chatml", "", ""), {{{Role::user, "Q"}}, ""}) ==
        "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("ChatML templates that trim are obeyed") {
  const io::ChatTemplate chat =
      recognised("{{ '<|im_start|>' + m['role'] + '\n' + m['content'] | trim + '<|im_end|>\n' }}");
  CHECK(text(chat, {{{Role::user, " Q\n"}}, " x "}) == "<|im_start|>user\nQ<|im_end|>\n<|im_start|>assistant\n x ");
}

TEST_CASE("Zephyr") {
  const io::ChatTemplate chat = recognised("{{ '<|user|>\n' + m['content'] + eos_token }} {{ '<|assistant|>' }}");
  CHECK(chat.format() == io::ChatFormat::zephyr);
  CHECK(text(chat, conversation(true)) ==
        "<|system|>\nS</s>\n<|user|>\nQ</s>\n<|assistant|>\n A </s>\n<|user|>\nR\n</s>\n<|assistant|>\nSo");
}

TEST_CASE("Llama 2: the system message is part of the first question, roles take turns") {
  const io::ChatTemplate chat = recognised("{{ bos_token + '[INST] ' + '<<SYS>>' }}");
  CHECK(chat.format() == io::ChatFormat::llama2);
  CHECK(text(chat, conversation(true)) == "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nQ [/INST] A </s><s>[INST] R [/INST]So");
  CHECK(text(chat, conversation(false)) == "<s>[INST] Q [/INST] A </s><s>[INST] R [/INST]So");
  CHECK(text(chat, {{{Role::system, "S"}, {Role::user, " \n"}}, ""}) == "<s>[INST] <<SYS>>\nS\n<</SYS>> [/INST]");
  const Prompt twice{{{Role::user, "a"}, {Role::user, "b"}}, ""};
  CHECK(test::error_of([&] { static_cast<void>(chat.render(twice)); }) ==
        "message 1 of a conversation is of the role user, accepted in llama-2 are user and assistant in turn, after a "
        "system message or none");
}

TEST_CASE("Llama 3 and its dated successors") {
  const char* header = "{{ '<|start_header_id|>' + m['role'] }}";
  CHECK(text(recognised(header), conversation(true)) ==
        "<s><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|"
        "eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nR<|"
        "eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nSo");
  const std::string dated = std::string(header) +
                            "{{ 'Cutting Knowledge Date: December 2023\n' }}"
                            "{%- set date_string = strftime_now('%d') %}{%- set date_string = \"5 May 2025\" %}";
  CHECK(text(recognised(dated.c_str()), {{{Role::user, "Q"}}, ""}) ==
        "<s><|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\nToday Date: 5 May "
        "2025\n\n"
        "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|><|start_header_id|>assistant<|end_header_id|>"
        "\n\n");
}

TEST_CASE("one text stands for itself") {
  CHECK(text(recognised(smollm2), {{{Role::text, "<|im_end|> t"}}, " c"}) == "<|im_end|> t c");
  const Prompt mixed{{{Role::text, "t"}, {Role::user, "u"}}, ""};
  CHECK_THROWS_AS(static_cast<void>(recognised(smollm2).render(mixed)), litestage::AssertionError);
  CHECK_THROWS_AS(static_cast<void>(recognised(smollm2).render(Prompt{})), litestage::AssertionError);
}

TEST_CASE("only the template's own words are markup") {
  for (const io::TextPart& part : recognised(smollm2).render({{{Role::user, "QQ"}, {Role::user, "RR"}}, "CC"})) {
    const bool is_words = part.text == "QQ" || part.text == "RR" || part.text == "CC";
    CHECK(part.markup != is_words);
  }
}

TEST_CASE("a missing or unknown template is an Error that says what to do") {
  const std::string advice =
      "use --stages tinythinker, which needs no chat template, or --chat-template chatml, zephyr, llama-2 or llama-3";
  CHECK(test::error_of([] { recognised(""); }) == "m.gguf: key tokenizer.chat_template is missing, " + advice);
  for (const char* jinja :
       {"{{ x }}", "{{ '<|im_start|>' }}{% if '</think>' in content %}", "{{ '<|im_start|>' + m.reasoning_content }}",
        "<start_of_turn>", "[INST]", "{{ '<|im_start|>user<|im_sep|>' + content + '<|im_end|>' }}",
        "{{ '<|user|>' + content + '<|end|>' + '<|assistant|>' }}{% else %}{{ eos_token }}"}) {
    CHECK(test::error_of([&] { recognised(jinja); }) ==
          "m.gguf: tokenizer.chat_template is of no known kind, " + advice);
  }
  CHECK(test::error_of([] { static_cast<void>(io::ChatTemplate::named("jinja", "", "")); }) ==
        "--chat-template is \"jinja\", accepted are chatml, zephyr, llama-2 and llama-3");
}

TEST_CASE("literals that never end are no system message") {
  for (const char* jinja : {"'<|im_start|>system\nNo end", "'<|im_start|>system\nNo end\\", "'<|im_start|>system"}) {
    CHECK_FALSE(recognised(jinja).default_system().has_value());
  }
}
