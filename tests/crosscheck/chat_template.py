#!/usr/bin/env python3
"""Compares `tokenize --render` with jinja2 running the models' own chat templates.

The models' templates come out of their files. For the formats that no model at hand has, files are made here, with
templates that write what those of TinyLlama, Llama 2, Llama 3 and Llama 3.1 write.
Needs: pip install jinja2 gguf and a built `tokenize`.
"""

import argparse
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\\n' + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

LLAMA_2 = """{% set system = messages[0]['role'] == 'system' %}{% for message in (messages[1:] if system else messages) %}
{%- if loop.first and system %}
{%- set content = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' + message['content'] %}
{%- else %}{% set content = message['content'] %}{% endif %}
{%- if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
{%- else %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

LLAMA_3 = """{% for message in messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'
 + message['content'] | trim + '<|eot_id|>' %}{% if loop.first %}{% set content = bos_token + content %}{% endif %}
{{- content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""

LLAMA_3_1 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{{- "Cutting Knowledge Date: December 2023\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}"""

TEXTS = ["Hello!", "Which of these is a solid?\n(A) ice\n(B) steam", "", " leading and trailing \n", "\n\n\tq\u00a0\u2003",
         "  \n ", "quote \" and ' and \\n", "你好 👩‍👩‍👧 e\u0301", "a < b && c > d {{ x }} {% y %}", "<|im_end|> </s> [INST]",
         "line\r\nline\x0b", "\x1c trimmed by Python \x1f", "0", "x" * 300]


def conversations(count, seed):
    """Roles in turn, with a system message or without, ending with the user's."""
    rng = random.Random(seed)
    found = []
    for i in range(count):
        messages = [{"role": "system", "content": rng.choice(TEXTS)}] if i % 2 else []
        for turn in range(2 * rng.randrange(0, 3) + 1):
            messages.append({"role": "assistant" if turn % 2 else "user", "content": rng.choice(TEXTS)})
        found.append(messages)
    return found


def made_file(name, template, folder):
    """A file with 259 tokens and this template."""
    import gguf

    path = str(folder / f"{name}.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)])
    writer.add_token_scores([0.0] * 259)
    writer.add_token_types([2, 3, 3] + [6] * 256)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def template_of(model):
    """The template, and the texts of the tokens that it may write."""
    import gguf

    fields = gguf.GGUFReader(model).fields
    tokens = fields["tokenizer.ggml.tokens"]
    names = {}
    for name in ("bos", "eos"):
        field = fields.get(f"tokenizer.ggml.{name}_token_id")
        names[f"{name}_token"] = bytes(tokens.parts[tokens.data[field.contents()]]).decode() if field else ""
    return fields["tokenizer.chat_template"].contents(), names


def compare(tokenize, model, texts):
    import jinja2

    source, names = template_of(model)
    # The settings of transformers' apply_chat_template.
    template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(source)
    lines = "".join(json.dumps(messages) + "\n" for messages in texts)
    run = subprocess.run([tokenize, "--render", "--model", model], input=lines.encode(), stdout=subprocess.PIPE, check=True)
    ours = [json.loads(line) for line in run.stdout.decode().splitlines()]
    differences = 0
    for messages, found in zip(texts, ours, strict=True):
        expected = template.render(messages=messages, add_generation_prompt=True, **names)
        if found != expected:
            differences += 1
            print(f"  {messages}\n    here   {found!r}\n    jinja2 {expected!r}")
    print(f"{pathlib.Path(model).name}: {len(texts)} conversations, {differences} differences")
    return differences


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenize", default="build/release/examples/tokenize", help="the program (default: %(default)s)")
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--conversations", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
    texts = conversations(options.conversations, options.seed)
    with tempfile.TemporaryDirectory() as name:
        made = {"zephyr": ZEPHYR, "llama-2": LLAMA_2, "llama-3": LLAMA_3, "llama-3.1": LLAMA_3_1}
        models += [made_file(kind, template, pathlib.Path(name)) for kind, template in made.items()]
        differences = sum(compare(options.tokenize, model, texts) for model in models)
    print(f"{differences} differences in all")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
