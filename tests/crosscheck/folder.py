#!/usr/bin/env python3
"""Writes GGUF models as folders, as on Hugging Face, and compares what litestage makes of both.

The folder has the model's layers, or its first ones, with every weight dequantised to F32, in shards, and a tokenizer.json
made of its vocabulary and merges. Compared are
  token ids of difficult lines:  `tokenize` on the folder with the Python package `tokenizers` (must be equal), and with
                                 `tokenize` on the GGUF file (lines that differ are counted and shown: llama.cpp's rules,
                                 which GGUF files follow, know no normal form NFC)
  logits:                        `score` on the folder with `score` on a GGUF file of the same layers in F32, and on the
                                 GGUF model itself for `reference`, which rounds nothing to the types of weights

Exit code 0 if all ids equal those of `tokenizers`, and no logit of `reference` differs by more than 1e-6, or of `cpu` by
more than 1e-3. Needs: pip install tokenizers gguf numpy (0.23.3, 0.19.0 and 2.4 were used), `tokenize` and `score`, and
eight bytes for each weight in the folder for temporary files.
"""

import argparse
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BOUNDS = {"reference": 1e-6, "cpu": 1e-3}
SHARD_BYTES = 300_000_000
NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
         "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
         "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
WHOLE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight", "output.weight": "lm_head.weight"}


class Source:
    """A GGUF model: its keys, and its tensors in F32. `layers`: the first ones that are kept, or None for all."""

    def __init__(self, path, layers):
        import gguf

        self.path, self.reader = path, gguf.GGUFReader(path)
        self.architecture = self.key("general.architecture")
        self.whole = layers is None or layers >= self.of_model("block_count")
        self.layers = self.of_model("block_count") if self.whole else layers

    def key(self, name, otherwise=None):
        field = self.reader.fields.get(name)
        return otherwise if field is None else field.contents()

    def of_model(self, name, otherwise=None):
        return self.key(f"{self.architecture}.{name}", otherwise)

    def keeps(self, name):
        layer = re.match(r"blk\.(\d+)\.", name)
        return layer is None or int(layer[1]) < self.layers

    def tensors(self):
        import gguf
        from dequantise import bytes_of

        for tensor in self.reader.tensors:
            if self.keeps(tensor.name):
                yield tensor.name, bytes_of(tensor, gguf.GGMLQuantizationType.F32)

    def halves(self, name, values):
        """Rows of Q and K in the order of transformers: row s * d/2 + j of a head is row 2j + s here."""
        heads = {"attn_q": self.of_model("attention.head_count"), "attn_k": self.of_model("attention.head_count_kv")}
        part = name.split(".")[2] if name.startswith("blk.") else ""
        if self.architecture != "llama" or part not in heads:
            return values
        shape = values.shape
        return values.reshape(heads[part], shape[0] // heads[part] // 2, 2, -1).swapaxes(1, 2).reshape(shape)


def write_f32(source, path):
    """A GGUF file of the same layers."""
    from dequantise import dequantise

    dequantise(source.path, path, keys={f"{source.architecture}.block_count": source.layers}, keeps=source.keeps)


def folder_name(name):
    if name in WHOLE:
        return WHOLE[name]
    _, layer, part, kind = name.split(".")
    return f"model.layers.{layer}.{NAMES[part]}.{kind}"


def write_shard(path, tensors):
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, values in tensors:
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [at, at + values.nbytes]}
        at += values.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, values in tensors:
            file.write(values.tobytes())


def shards_of(source):
    """Yields the tensors of one file after the other, so that only one file's are in memory."""
    shard, size = [], 0
    for name, values in source.tensors():
        if size + values.nbytes > SHARD_BYTES and shard:
            yield shard
            shard, size = [], 0
        shard.append((folder_name(name), source.halves(name, values)))
        size += values.nbytes
    yield shard


def write_weights(source, folder):
    """Returns the shapes of the tensors, and the number of files."""
    shapes, files = {}, []
    for shard in shards_of(source):
        write_shard(folder / f"{len(files)}", shard)
        files.append([name for name, _ in shard])
        shapes.update({name: values.shape for name, values in shard})
    index = {}
    for i, names in enumerate(files):
        file = f"model-{i + 1:05}-of-{len(files):05}.safetensors"
        (folder / f"{i}").rename(folder / file)
        index.update({name: file for name in names})
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    return shapes, len(files)


def write_config(source, folder, shapes):
    heads = source.of_model("attention.head_count")
    config = {
        "architectures": [{"llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM"}[source.architecture]],
        "model_type": source.architecture, "hidden_size": source.of_model("embedding_length"),
        "intermediate_size": source.of_model("feed_forward_length"), "num_hidden_layers": source.layers,
        "num_attention_heads": heads, "num_key_value_heads": source.of_model("attention.head_count_kv", heads),
        "max_position_embeddings": source.of_model("context_length"), "hidden_act": "silu",
        "vocab_size": shapes["model.embed_tokens.weight"][0],
        "rms_norm_eps": source.of_model("attention.layer_norm_rms_epsilon"),
        "rope_theta": source.of_model("rope.freq_base", 10000.0), "tie_word_embeddings": "lm_head.weight" not in shapes,
        "torch_dtype": "float32", "transformers_version": "4.57.6", "eos_token_id": source.key("tokenizer.ggml.eos_token_id")}
    (folder / "config.json").write_text(json.dumps(config, indent=1))


def write_tokenizer(source, folder):
    sys.path.insert(0, str(HERE))
    import tokenizer_fixtures as forms

    tokens, types = source.key("tokenizer.ggml.tokens"), source.key("tokenizer.ggml.token_type")
    pre = source.key("tokenizer.ggml.pre")
    split = {"qwen2": forms.split(forms.QWEN2), "smollm": {"type": "Digits", "individual_digits": True},
             "llama-bpe": forms.split(forms.LLAMA3)}[pre]
    used = max(i for i, kind in enumerate(types) if kind != 5) + 1
    words = max(i for i, kind in enumerate(types) if kind == 1) + 1
    added = [{"id": i, **forms.token(tokens[i], special=types[i] == 3)} for i in range(used) if types[i] in (3, 4)]
    file = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": {"type": "NFC"} if pre == "qwen2" else None,
            "pre_tokenizer": forms.sequence("pretokenizers", split, forms.byte_level(pre == "smollm")),
            "post_processor": None, "decoder": forms.BYTES,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "fuse_unk": False, "byte_fallback": False,
                      "ignore_merges": pre == "llama-bpe", "vocab": {tokens[i]: i for i in range(words)},
                      "merges": [merge.split(" ") for merge in source.key("tokenizer.ggml.merges")]}}
    (folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False))
    eos = tokens[source.key("tokenizer.ggml.eos_token_id")]
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": eos, "chat_template": source.key("tokenizer.chat_template")}))


def ids_of(program, model, texts, plain):
    command = [program, "--model", str(model), "--lines"] + (["--plain"] if plain else [])
    run = subprocess.run(command, input="\n".join(texts).encode() + b"\n", stdout=subprocess.PIPE, check=True)
    return [[int(word) for word in line.split()] for line in run.stdout.decode().split("\n")[: len(texts)]]


def compare_ids(options, model, folder):
    import tokenizers
    from tokenizer import lines

    texts = [line.decode(errors="replace") for line in lines(options.lines, 1)]
    texts += pathlib.Path(options.text).read_text().split("\n")
    library = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    differences = 0
    for plain in (False, True):
        library.encode_special_tokens = plain
        expected = [library.encode(text, add_special_tokens=False).ids for text in texts]
        found, other = ids_of(options.tokenize, folder, texts, plain), ids_of(options.tokenize, model, texts, plain)
        wrong = [i for i, ids in enumerate(expected) if found[i] != ids]
        differences += len(wrong)
        for i in wrong[:5]:
            print(f"  {texts[i][:120]!r}\n    tokenizers {expected[i][:20]}\n    folder     {found[i][:20]}")
        unlike = [i for i in range(len(texts)) if found[i] != other[i]]
        print(f"  ids, {'plain text' if plain else 'with special tokens'}: {len(texts)} lines, {sum(map(len, expected))} tokens, "
              f"{len(wrong)} differ from tokenizers, {len(unlike)} from the GGUF file: {[texts[i][:20] for i in unlike[:4]]}")
    return differences


def logits_of(options, model, backend, scratch):
    import numpy as np

    out = scratch / "logits.npy"
    subprocess.run([options.score, "--model", str(model), "--text", options.text, "--tokens", str(options.positions), "--quiet",
                    "--backend", backend, "--kv", "f32", "--logits", str(out)], check=True, stdout=subprocess.DEVNULL)
    return np.load(out)


def compare_logits(options, source, f32, folder, scratch):
    import numpy as np

    ok = True
    for backend, bound in BOUNDS.items():
        found = logits_of(options, folder, backend, scratch)
        others = {"the GGUF file in F32": f32}
        if backend == "reference" and source.whole:
            others["the GGUF file itself"] = source.path
        for name, model in others.items():
            expected = logits_of(options, model, backend, scratch)
            largest = float(np.abs(found.astype(np.float64) - expected).max())
            ok = ok and largest <= bound
            print(f"  logits on {backend}, {name}: {found.shape}, largest difference {largest:.2e}, expected at most {bound:.0e}; "
                  f"largest logit {float(np.abs(expected).max()):.1f}", flush=True)
    return ok


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--tokenize", default="build/release/examples/tokenize", help="the program (default: %(default)s)")
    parser.add_argument("--score", default="build/release/examples/score", help="the program (default: %(default)s)")
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--text", default=str(HERE / "text.txt"), help="(default: %(default)s)")
    parser.add_argument("--layers", type=int, help="layers of the model that are kept (default: all)")
    parser.add_argument("--lines", type=int, default=2000)
    parser.add_argument("--positions", type=int, default=64)
    parser.add_argument("--keep", help="write the folder here and keep it; one model only")
    options = parser.parse_args()
    models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
    if not models:
        sys.exit(f"no GGUF file in {cache}: pass --model FILE")
    good = True
    for model in models:
        with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as name:
            scratch = pathlib.Path(name)
            folder = pathlib.Path(options.keep) if options.keep else scratch / "folder"
            folder.mkdir(exist_ok=True)
            source = Source(model, options.layers)
            shapes, shards = write_weights(source, folder)
            write_config(source, folder, shapes)
            write_tokenizer(source, folder)
            print(f"{pathlib.Path(model).name}: {source.layers} layers, {shards} shards", flush=True)
            good = compare_ids(options, model, folder) == 0 and good
            write_f32(source, str(scratch / "f32.gguf"))
            good = compare_logits(options, source, scratch / "f32.gguf", folder, scratch) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
