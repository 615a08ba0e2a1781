// The chat formats that --chat-template offers by name, for models whose file has no template or another one. Each is a
// Jinja program, as the templates of model files are.
#pragma once

#include <array>
#include <string_view>

namespace litestage::io {

struct ChatFormat {
  std::string_view name;
  std::string_view jinja;
};

// In Llama 2's format the system message is part of the first question, and other roles take turns.
inline constexpr std::array<ChatFormat, 4> chat_formats = {{
    {"chatml", R"({% for message in messages %}
{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
{%- endfor %}
{{ '<|im_start|>assistant\n' }})"},
    {"zephyr", R"({% for message in messages %}
{{ '<|' + message.role + '|>\n' + message.content + eos_token + '\n' }}
{%- endfor %}
{{ '<|assistant|>\n' }})"},
    {"llama-2", R"({% set first = 1 if messages[0].role == 'system' else 0 %}
{% for message in messages[first:] %}
{% set expected = 'user' if loop.index0 % 2 == 0 else 'assistant' %}
{% if message.role != expected %}
{{ raise_exception('message ' ~ (loop.index0 + first) ~ ' is of the role ' ~ message.role ~ ', expected ' ~ expected
   ~ ': user and assistant take turns, after a system message or none') }}
{% elif message.role == 'user' %}
{% set question = message.content %}
{% if loop.first and first == 1 %}
{% set question = '<<SYS>>\n' + messages[0].content + '\n<</SYS>>\n\n' + question %}
{% endif %}
{{ bos_token + '[INST] ' + question | trim + ' [/INST]' }}
{%- else %}
{{ ' ' + message.content | trim + ' ' + eos_token }}
{%- endif %}
{% endfor %})"},
    {"llama-3", R"({{ bos_token }}
{%- for message in messages %}
{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }})"},
}};

}  // namespace litestage::io
