#!/usr/bin/env python3
"""Writes tests/data/tokenizer_json: small tokenizers of every form that is read, and the ids that the Python package
`tokenizers` makes of difficult texts with them. tests/io/tokenizer_json/rules_tokenizer.cpp compares ours.

The tokenizers are trained here, on pages of this repository. Needs: pip install tokenizers (0.23.3 was used).

    tokenizer_fixtures.py           all forms, on the pages as they are
    tokenizer_fixtures.py NAME ...  these forms only; the other tokenizers stay, and the ids are recorded again for all
"""

import json
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent / "data" / "tokenizer_json"
QWEN2 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
WORD_OF_CASES = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
                 r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s")
AFTER_WORDS = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEKKEN = WORD_OF_CASES % ("", "") + r"|\p{N}" + AFTER_WORDS
GPT4O = WORD_OF_CASES % (("(?i:'s|'t|'re|'ve|'m|'ll|'d)?",) * 2) + r"|\p{N}{1,3}" + AFTER_WORDS
MARK = "\u2581"


def token(content, special=False, normalized=False, **flags):
    return {"content": content, "special": special, "normalized": normalized, "single_word": False, "lstrip": False,
            "rstrip": False, **flags}


SPECIAL = [token("<|im_start|>", True), token("<|im_end|>", True), token("<|im", True), token("<think>"), token("</think>"),
           token("<|user|>", True, rstrip=True), token("<mask>", True, lstrip=True), token("WORD", single_word=True),
           token("both", lstrip=True, rstrip=True, single_word=True), token("caf\u00e9!", normalized=True), token("12345")]
LEGACY = [token("<unk>", True, True), token("<s>", True, True), token("</s>", True, True), token("<|user|>", True, rstrip=True),
          token("[INST]", normalized=True), token("[/INST]")]
PHI3 = [token("<unk>", True), token("<s>", True), token("</s>", rstrip=True), token("<|endoftext|>", True),
        token("<|user|>", True, rstrip=True), token("<|im_end|>", True, rstrip=True), token("<think>", True, rstrip=True)]

# Words that these forms cut where small letters end, and contractions that one of them keeps.
CUT_BY_CASES = ("tekken", "gpt4o")
CASES = ["camelCase isOpen HTTPServer xYZ", "YOU'LL it's x'T it'\u017fx CamelCase's", "1234567 a1b22c333",
         "(call)/[x]//\r\n/ path/to/File \n  y", "\u00c9cole \u00e9COLE A\u05d0a\u05d0B e\u0301E\u0301"]


def byte_level(with_regex):
    return {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": with_regex}


def split(pattern, inverted=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": "Removed" if inverted else "Isolated", "invert": inverted}


def sequence(kind, *members):
    return {"type": "Sequence", kind: list(members)}


def template(name, token_id):
    return {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {name: {"id": name, "ids": [token_id], "tokens": [name]}}}


def fallback_decoder(strip):
    steps = [{"type": "Replace", "pattern": {"String": MARK}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]
    return sequence("decoders", *steps, *([{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if strip else []))


def metaspace(scheme, cut):
    return {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, "split": cut}


REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": MARK}
# name: normalizer, pre_tokenizer, decoder, added tokens, settings of the model
BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
FORMS = {
    "gpt2": (None, byte_level(True), BYTES, SPECIAL[:2], {}),
    "qwen2": ({"type": "NFC"}, sequence("pretokenizers", split(QWEN2), byte_level(False)), BYTES, SPECIAL, {}),
    "llama3": (None, sequence("pretokenizers", split(LLAMA3), byte_level(False)), BYTES, SPECIAL, {"ignore_merges": True}),
    "smollm": (None, sequence("pretokenizers", {"type": "Digits", "individual_digits": True}, byte_level(True)), BYTES, SPECIAL[:2], {}),
    "llama2": (sequence("normalizers", {"type": "Prepend", "prepend": MARK}, REPLACE), None, fallback_decoder(True), LEGACY,
               {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
    "mistral": (None, metaspace("first", False), fallback_decoder(True), LEGACY,
                {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
    "words": (None, metaspace("always", True), metaspace("always", True), LEGACY, {"unk_token": "<unk>", "fuse_unk": True}),
    "letters": (None, metaspace("never", True), metaspace("never", True), LEGACY, {"unk_token": "<unk>"}),
    "gemma": (REPLACE, {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
              fallback_decoder(False), LEGACY, {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
    "tekken": (None, sequence("pretokenizers", split(TEKKEN), byte_level(False)), BYTES, SPECIAL, {"ignore_merges": True}),
    "gpt4o": (None, sequence("pretokenizers", split(GPT4O, inverted=True), byte_level(False)), BYTES, SPECIAL, {}),
    "phi3": (sequence("normalizers", {"type": "Prepend", "prepend": MARK}, REPLACE), None, fallback_decoder(True), PHI3,
             {"byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"}),
}


def trained(name, form):
    """The vocabulary and merges of a form, trained on pages of the repository."""
    import tokenizers

    normalizer, pre, _, added, settings = form
    if name in CUT_BY_CASES:
        pre = byte_level(False)  # so that merges reach across words, and ids show where the pattern cuts
    bare = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": normalizer,
            "pre_tokenizer": pre, "post_processor": None, "decoder": None,
            "model": {"type": "BPE", "vocab": {}, "merges": []}}
    trainer_tokenizer = tokenizers.Tokenizer.from_str(json.dumps(bare))
    is_bytes = "ByteLevel" in json.dumps(pre)
    first = [] if is_bytes else [t["content"] for t in added if t["content"] in ("<unk>", "<s>", "</s>")]
    if settings.get("byte_fallback"):
        first += [f"<0x{b:02X}>" for b in range(256)]
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet() if is_bytes else []
    if name == "smollm":  # as in SmolLM2, some bytes have no token
        alphabet = sorted(alphabet)[:-40]
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=len(first) + 440, special_tokens=first, initial_alphabet=list(alphabet),
                                             show_progress=False, limit_alphabet=300 if is_bytes else 120)
    pages = [(HERE.parents[1] / page).read_text() for page in ("README.md", "docs/glossary.md")]
    lines = [line for page in pages for line in page.split("\n")] + [
        "caf\u00e9 na\u00efve \u00fcber 12 345 we'll it's", "the  two   spaces", "\u4f60\u597d \u4e16\u754c"] * 4 + (CASES * 40 if name in CUT_BY_CASES else [])
    trainer_tokenizer.train_from_iterator(lines, trainer)
    return json.loads(trainer_tokenizer.to_str())["model"]


def tokenizer(name, form):
    normalizer, pre, decoder, added, settings = form
    model = trained(name, form)
    ids, entries = model["vocab"], []
    for entry in added:
        entries.append({"id": ids.get(entry["content"], len(ids) + sum(1 for e in entries if e["content"] not in ids)), **entry})
    post = None
    if name == "llama3":
        post = sequence("processors", byte_level(False), template("<|im_start|>", entries[0]["id"]))
    if name in ("llama2", "mistral", "gemma"):
        post = template("<s>", ids["<s>"])
    merges = model["merges"]
    if name in ("gpt2", "llama2"):  # the older spelling
        merges = [" ".join(pair) for pair in merges]
    if name == "qwen2":
        merges = merges + merges[3:5]  # a repeated pair has its last rank
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": entries, "normalizer": normalizer,
            "pre_tokenizer": pre, "post_processor": post, "decoder": decoder,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      **settings, "vocab": ids, "merges": merges}}


def texts(count):
    sys.path.insert(0, str(HERE))
    from tokenizer import lines

    found = ["<|im_start|>user\nHi<|im_end|>\n", "<|im_sta<|im_start|>", "x<|im|>y <|im", "<think>\n</think>\n\nWORD xWORD WORDy WORD.",
             "a both b bothx  both  ", "<|user|> \n\t x <|user|>y", "a \u2003<mask> b<mask>", "cafe\u0301! caf\u00e9! cafe\u0301?",
             "123456 12345 012345", "</s>Hi <s> Hi<s> there</s> </s>", "<s>[INST] a [/INST] b </s><s>[INST]c[/INST]", "[INST] [INST]",
             " leading", "  two", "\u2581mark", "\u2581", " ", "", "it\u2019s 'SAY 'S '\u017f it'\u017fx 'LL", "\u1100\u1161\u11a8 \uac01 e\u0323\u0307 \u212b",
             "a\u0307\u0323 \u0344 \u0958 \u2126 \uf900 \U0002f800", "the  two   spaces    end ", "\u0000\u0001\x04", "\n\n \n", "unk\u2603\u2603 \u2603"]
    rng = random.Random(7)
    found += [text.decode() for text in lines(count, 3) if valid(text)]
    return found + [" ".join(rng.choices(found[:60], k=6)) for _ in range(20)] + CASES


def valid(text):
    try:
        return "\ufffd" not in text.decode() and len(text) < 120
    except UnicodeDecodeError:
        return False


def main():
    try:
        import tokenizers
    except ModuleNotFoundError:
        sys.exit("tokenizer_fixtures.py: the Python package tokenizers is missing: pip install tokenizers")
    OUT.mkdir(parents=True, exist_ok=True)
    names = sys.argv[1:]
    inputs = texts(180)
    for name, form in FORMS.items():
        if not names or name in names:
            made = json.dumps(tokenizer(name, form), ensure_ascii=False, separators=(",", ":"))
            (OUT / f"{name}.json").write_text(made + "\n")
        text = (OUT / f"{name}.json").read_text()
        loaded = tokenizers.Tokenizer.from_str(text)
        ids = [loaded.encode(line, add_special_tokens=False).ids for line in inputs]
        begin = loaded.encode("x", add_special_tokens=True).ids
        bare = loaded.encode("x", add_special_tokens=False).ids
        out = {"before": begin[: len(begin) - len(bare)], "ids": ids}
        (OUT / f"{name}.ids.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
        print(f"{name}: {len(text)} bytes, {sum(map(len, ids))} ids of {len(inputs)} texts")
    (OUT / "texts.json").write_text(json.dumps(inputs, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
