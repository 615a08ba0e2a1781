#!/usr/bin/env python3
"""Compares the ids of `tokenize` with those of llama.cpp, on difficult lines.

Every model is compared; the vocabulary of the last model is also compared under every pre-tokenizer.
Needs: pip install llama-cpp-python gguf (0.3.36 and 0.19.0 were used) and a built `tokenize`.
"""

import argparse
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

WORDS = """the of and I'm don't they've we'll he'd it's She'S THEY'RE café naïve Straße ſtop İstanbul ǆ ﬁ
int main(int argc, char** argv) {return 0;} def f(x): lambda x:x**2 for(;;); a->b::c != d && e || f; #include <vector>
https://example.com/a?b=c&d=%20 foo_bar-baz CamelCase x86_64 0xFF 1e-10 3.14159 1,234,567.89 2024-01-31 ½ ² ٣٤٥ १२३ Ⅷ ①
你好世界 人工智能 日本語のテキスト カタカナ 한국어 ភាសាខ្មែរ ខ្ញុំ العَرَبِيَّة שָׁלוֹם हिन्दी ไทยไทย བོད་ ελληνικά русский Ελλάδα 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈𐍉 𠀋 🀄
👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇫🇷🇩🇪 ❤️ ☕ 🤷🏿‍♀️ e\u0301\u0327 a\u0308 Z͑ͫ̓ͪ̂ͫ̽͏̴̙ \u200b\u200d\ufeff \u202e\u180e \u00ad\u2060 … — “quotes” ‘single’ «» ¿¡ ™ € ∑∫√ ⌘ ═══ ████ \ufffd
<|im_start|> <|im_end|> <|endoftext|> <|im_start|>user <repo_name> <filename> <tool_call> </tool_call> <|fim_prefix|> <|file_sep|> </s> <s> <unk>
<|im_end <|im_end|><|im_end|> [INST] <0x0A> [PAD151670] <|vision_start|> <jupyter_code> x<|im_start|>y <<|im_end|>> '''s ''ll 's't \U0001133f
\U00011f02\U00011f04 \U00031350 \U0002ebf0 \U0001e4d0\U0001e4f0 \U00011f50 \U0001d2c0 \u0378 \ue000 \U000f0000 \U0010ffff \ufffe""".split()
SPACES = [" ", "  ", "   ", "\t", "\t\t", " \t ", " " * 17, " " * 64, "\u00a0", "\u3000", "\u2003\u2003", "\r", " \r ",
          "\r\r", "\v\f", "\u0085", "\u2028", "\u1680", "\u202f ", "\u180e", "\x1c", "\x00", "\x01\x02", "\x04", "\x7f\x1b[0m"]
BROKEN = [b"\xff", b"\xfe\xfe", b"\x80", b"\xbf\xbf", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xf0\x9f", b"\xc0\x80",
          b"\xc1\xa1", b"\xe0\x80\xaf", b"\xed\xa0\x80", b"\xed\xbf\xbf\xed\xa0\xbd", b"\xf8\x88\x80\x80\x80", b"\xe4\xbd",
          b"\xc3(", b"\xf0(\x8c(", b"\xf4\x8f\xbf\xbf", b"\xfc", b"\xe2\x28\xa1", b"\xf0\x80\x80\x81"]
RANGES = [(0x20, 0x7F), (0x20, 0x250), (0x370, 0x600), (0x600, 0x780), (0x900, 0xE00), (0x1780, 0x1800), (0x2000, 0x2C00),
          (0x3000, 0x3100), (0x4E00, 0x9FFF), (0xAC00, 0xD7A4), (0xE000, 0x10000), (0x10000, 0x11000), (0x11F00, 0x11F60),
          (0x1D400, 0x1D800), (0x1F300, 0x1FAFF), (0x20000, 0x32400), (0, 0x110000)]


def character(rng):
    low, high = rng.choice(RANGES)
    c = rng.randrange(low, high)
    return "?" if c == 10 or 0xD800 <= c < 0xE000 else chr(c)


def line(rng):
    """One line of bytes, without a line feed."""
    out = b""
    for _ in range(rng.randrange(1, 24)):
        kind = rng.random()
        if kind < 0.42:
            out += rng.choice(WORDS).encode()
        elif kind < 0.72:
            out += rng.choice(SPACES if rng.random() < 0.4 else [" "]).encode()
        elif kind < 0.80:
            out += "".join(character(rng) for _ in range(rng.randrange(1, 9))).encode()
        elif kind < 0.86:
            out += str(rng.randrange(10 ** rng.randrange(1, 14))).encode()
        elif kind < 0.91:
            out += rng.choice("!?.,;:'\"()[]{}<>|/\\-_=+*&^%$#@~`").encode() * rng.randrange(1, 12)
        elif kind < 0.96:
            out += "".join(rng.choice("abcdefghij ABC") for _ in range(rng.randrange(2, 40))).encode()
        else:
            out += rng.choice(BROKEN)
    return out.replace(b"\n", b" ")


def lines(count, seed):
    rng = random.Random(seed)
    fixed = [b"", b" ", b"  ", b"a", b" " * 1000, b"7" * 101, b"\t" * 33, "👩‍👩‍👧‍👦".encode() * 20, "ខ្ញុំ".encode() * 31]
    fixed += [w.encode() for w in WORDS] + [s.encode() for s in SPACES] + BROKEN
    fixed += [b"x" + s.encode() + b"1" + s.encode() + b"y" for s in SPACES]
    return fixed + [line(rng) for _ in range(max(0, count - len(fixed)))]


def with_pretokenizer(model, pre, folder):
    """A file with the vocabulary of `model` and a different pre-tokenizer."""
    import gguf

    fields = gguf.GGUFReader(model).fields
    if fields["tokenizer.ggml.model"].contents() != "gpt2":
        return None
    path = str(folder / f"{pathlib.Path(model).stem}-{pre}.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(fields["tokenizer.ggml.tokens"].contents())
    writer.add_token_types(fields["tokenizer.ggml.token_type"].contents())
    writer.add_token_merges(fields["tokenizer.ggml.merges"].contents())
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    return written(writer, path)


def sentencepiece(tok512, folder, space_prefix):
    """A file with the SentencePiece vocabulary of llama2.c's stories260K (tok512.bin)."""
    import gguf

    data = pathlib.Path(tok512).read_bytes()
    at, tokens, scores, types = 4, [], [], []
    while at < len(data):
        score, size = struct.unpack_from("<fi", data, at)
        text = data[at + 8 : at + 8 + size]
        at += 8 + size
        number = len(tokens)
        kind = 2 if number == 0 else 3 if number < 3 else 6 if number < 259 else 1
        names = [b"<unk>", b"<s>", b"</s>"]
        if number < 3:
            text = names[number]
        elif number < 259:
            text = b"<0x%02X>" % (number - 3)
        tokens.append(text.replace(b" ", "\u2581".encode()))
        scores.append(score)
        types.append(kind)
    path = str(folder / f"stories260K{'' if space_prefix else '-without-prefix'}.gguf")
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(space_prefix)
    return written(writer, path)


def written(writer, path):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def documents(texts, rng):
    """Texts of many lines."""
    breaks = [b"\n", b"\n\n", b"\r\n", b" \n", b"\n  ", b"\n\n\n", b"\t\n\r\n"]
    return [b"".join(text + rng.choice(breaks) for text in texts[i::5]) for i in range(5)]


def ids_of(tokenize, model, text, special, by_line):
    arguments = [tokenize, "--model", model] + (["--lines"] if by_line else []) + ([] if special else ["--plain"])
    run = subprocess.run(arguments, input=text, stdout=subprocess.PIPE, check=True)
    return [[int(word) for word in line.split()] for line in run.stdout.decode().split("\n")]


def compare(tokenize, model, texts, special):
    import llama_cpp

    theirs = llama_cpp.Llama(model, vocab_only=True, verbose=False)
    ours = ids_of(tokenize, model, b"\n".join(texts) + b"\n", special, by_line=True)[: len(texts)]
    longer = documents(texts, random.Random(0))
    ours += [ids_of(tokenize, model, text, special, by_line=False)[0] for text in longer]
    differences = 0
    tokens = 0
    for text, found in zip(texts + longer, ours, strict=True):
        expected = theirs.tokenize(text, add_bos=False, special=special)
        tokens += len(expected)
        if found != expected:
            differences += 1
            if differences <= 5:
                at = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
                print(f"  {text[:200]!r}\n    from token {at}, here {found[at:at + 20]}, llama.cpp {expected[at:at + 20]}")
    kind = "special tokens parsed" if special else "plain text"
    print(f"{pathlib.Path(model).name}: {kind}: {len(texts)} lines, {len(longer)} documents, {tokens} tokens, "
          f"{differences} differences")
    return differences


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenize", default="build/release/examples/tokenize", help="the program (default: %(default)s)")
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--tok512", help="tok512.bin of llama2.c's stories260K, to compare SentencePiece too")
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
    if not models:
        sys.exit(f"no GGUF file in {cache}: pass --model FILE")
    texts = lines(options.lines, options.seed)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        variants = [with_pretokenizer(models[-1], pre, folder) for pre in ("gpt-2", "smollm", "qwen2", "llama-bpe", "default")]
        models += [variant for variant in variants if variant]
        if options.tok512:
            models += [sentencepiece(options.tok512, folder, prefix) for prefix in (True, False)]
        differences = sum(compare(options.tokenize, m, texts, s) for m in models for s in (True, False))
    print(f"{differences} differences in all")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
