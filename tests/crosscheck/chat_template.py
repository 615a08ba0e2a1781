#!/usr/bin/env python3
"""Compares `tokenize --render` with jinja2 running chat templates.

The models' templates are read from their files. The formats of --chat-template are compared with our own templates here,
which write the same as those of TinyLlama, Llama 2 and Llama 3. With --templates FOLDER, every *.jinja of the folder is put
into a small model file, byte for byte. Where jinja2 renders a conversation, the program must write the same, or refuse it
because a message is left out, which is checked; where jinja2 fails, the program must refuse the conversation.
Needs: pip install jinja2 gguf and a built `tokenize`.
"""

import argparse
import datetime
import json
import os
import pathlib
import random
import re
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

TEXTS = ["Hello!", "Which of these is a solid?\n(A) ice\n(B) steam", "", " leading and trailing \n", "\n\n\tq\u00a0\u2003",
         "  \n ", "quote \" and ' and \\n", "你好 👩‍👩‍👧 e\u0301", "a < b && c > d {{ x }} {% y %}", "<|im_end|> </s> [INST]",
         "line\r\nline\x0b", "\x1c trimmed by Python \x1f", "0", "x" * 300]


def conversations(count, seed):
    """Messages with alternating roles, with or without a system message; the user's is last."""
    rng = random.Random(seed)
    found = []
    for i in range(count):
        messages = [{"role": "system", "content": rng.choice(TEXTS)}] if i % 2 else []
        for turn in range(2 * rng.randrange(0, 3) + 1):
            messages.append({"role": "assistant" if turn % 2 else "user", "content": rng.choice(TEXTS)})
        found.append(messages)
    return found


def made_file(name, template, folder):
    """A model file with a vocabulary of 259 tokens and this template."""
    import gguf

    path = str(folder / f"{name}.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)])
    writer.add_token_scores([0.0] * 259)
    writer.add_token_types([2, 3, 3] + [6] * 256)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
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
    for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown")):
        field = fields.get(f"tokenizer.ggml.{key}_token_id")
        names[f"{name}_token"] = bytes(tokens.parts[tokens.data[field.contents()]]).decode() if field else ""
    return fields["tokenizer.chat_template"].contents(), names


def of_roles(roles, text="Q"):
    names = {"s": "system", "u": "user", "a": "assistant"}
    return [{"role": names[role], "content": f" {text}{i}"} for i, role in enumerate(roles)]


# Conversations that no schedule makes, but programs may. Some templates fail on them or render them in unusual ways.
UNUSUAL = [of_roles(roles) for roles in ("s", "a", "ua", "uu", "us", "sa", "ssu", "au", "uaau", "sua", "usu", "uasu", "aa",
                                         "ss", "as", "suu", "suau", "uauua", "susu")]


def conversations_about(source):
    """Conversations in which each role says the template's literals: templates search messages for some texts."""
    found = []
    for match in re.finditer(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""", source, re.DOTALL):
        literal = (match.group(1) or match.group(2) or "").replace("\\n", "\n")
        for text in (literal, f"x{literal}", f"{literal}x", f" {literal.strip()}\n{literal}"):
            messages = [{"role": role, "content": text} for role in ("system", "user", "assistant", "user")]
            found += [messages, messages[1:], messages[:2], messages[1:2]]
    return found


def jinja_template(source):
    """A jinja2 environment as in transformers' apply_chat_template, with the clock that the program has."""
    import jinja2
    import jinja2.ext
    import jinja2.sandbox

    class Generation(jinja2.ext.Extension):
        """{% generation %} marks what the assistant wrote; the text is unchanged."""

        tags = {"generation"}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            return jinja2.nodes.CallBlock(self.call_method("_whole"), [], [], body).set_lineno(line)

        def _whole(self, caller):
            return caller()

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = datetime.datetime(2024, 7, 26).strftime
    return environment.from_string(source)


def by_jinja(template, names, messages):
    """The rendered text; None if the template fails in any way."""
    try:
        return template.render(messages=messages, add_generation_prompt=True, tools=None, documents=None, **names)
    except Exception:
        return None


def rendered(command, conversations):
    """For each conversation the text that `tokenize` writes, or its error in a list of one."""
    found = []
    while len(found) < len(conversations):
        lines = "".join(json.dumps(messages) + "\n" for messages in conversations[len(found):])
        run = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if run.returncode not in (0, 1) or (run.returncode == 1 and not run.stderr):
            raise RuntimeError(f"{command}: exit code {run.returncode}: {run.stderr.decode()}")
        found += [json.loads(line) for line in run.stdout.decode().splitlines()]
        if run.returncode == 1:
            found.append([run.stderr.decode().strip()])
    return found


def value_of(text):
    """The value that a template sees of NAME=VALUE's second part."""
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else text


def leaves_out(template, names, messages):
    """Whether the template writes nothing of a message, whatever it says."""
    for i, message in enumerate(messages):
        others = messages[:i] + [{**message, "content": "wordsofone"}] + messages[i + 1:]
        if message["content"].strip() and "wordsofone" not in (by_jinja(template, names, others) or ""):
            return True
    return False


def compare(tokenize, model, texts, chat_format=None, variables=()):
    """Number of differences."""
    source, names = template_of(model)
    command = [tokenize, "--render", "--model", model] + (["--chat-template", chat_format] if chat_format else [])
    for variable in variables:
        name, value = variable.split("=", 1)
        if name in source:  # the program refuses variables that the template does not have
            command += ["--template-variable", variable]
            names[name] = value_of(value)
    template = jinja_template(source)
    # The templates in this file are written for usual conversations only.
    texts = texts + ([] if chat_format else conversations_about(source) + UNUSUAL)
    same = refused = left_out = failures = 0
    for messages, ours in zip(texts, rendered(command, texts), strict=True):
        text = by_jinja(template, names, messages)
        is_error = isinstance(ours, list)
        if not is_error and ours == text:
            same += 1
        elif is_error and text is None and ("is not supported" not in ours[0] or "refuses the conversation" in ours[0]):
            refused += 1
        elif is_error and text is not None and "leaves out message" in ours[0] and leaves_out(template, names, messages):
            left_out += 1
        else:
            failures += 1
            if failures <= 3:
                print(f"  {messages}\n    here   {ours!r}\n    jinja2 {text!r}")
    print(f"{pathlib.Path(model).name}: {same} conversations the same, {refused} refused by both, {left_out} refused because the "
          f"template leaves a message out, {failures} differences")
    return failures


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenize", default="build/release/examples/tokenize", help="the program (default: %(default)s)")
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--templates", type=pathlib.Path, help="only the templates of this folder, each a *.jinja")
    parser.add_argument("--template-variable", action="append", default=[], metavar="NAME=VALUE",
                        help="a variable of the templates that mention it; may be repeated")
    parser.add_argument("--conversations", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    texts = conversations(options.conversations, options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if options.templates:
            # Not read_text: it would turn \r\n into \n.
            files = [made_file(path.stem, path.read_bytes().decode(), folder)
                     for path in sorted(options.templates.glob("*.jinja"))]
            found = [compare(options.tokenize, path, texts, variables=options.template_variable) for path in files]
            print(f"{len(found)} templates, {len(found) - found.count(0)} with differences")
        else:
            models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
            found = [compare(options.tokenize, model, texts, variables=options.template_variable) for model in models]
            for kind, template in {"zephyr": ZEPHYR, "llama-2": LLAMA_2, "llama-3": LLAMA_3}.items():
                found.append(compare(options.tokenize, made_file(kind, template, folder), texts, kind))
    differences = sum(found)
    print(f"{differences} differences in all")
    return 1 if differences or not found else 0


if __name__ == "__main__":
    sys.exit(main())
