"""Tiny random models of every family, made by the library transformers from its config classes, as folders.

A model's numbers come from NumPy's generator with a fixed seed. Matrices are random so that attention weights are far
from uniform, and so are norms and biases, which transformers initialises to values that would hide them.
"""

import json
import zlib

MERGES = ["t h", "th e", "i n", "a n", "e r", "in g", "Ġ a", "Ġ the", "o u", "r e"]
CONTROL = ["<|begin|>", "<|end|>", "<|pad|>"]
FIRST_CONTROL = 256 + len(MERGES)
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}
LINEAR = {"rope_type": "linear", "factor": 4.0}


def longrope(pairs, **more):
    return {"type": "longrope", "short_factor": [1 + 0.25 * i for i in range(pairs)],
            "long_factor": [2.5 + 1.75 * i for i in range(pairs)], **more}


def shape(hidden=48, heads=4, kv=2, layers=4, ffn=72, vocab=FIRST_CONTROL + len(CONTROL), **more):
    return {"hidden_size": hidden, "num_attention_heads": heads, "num_key_value_heads": kv, "num_hidden_layers": layers,
            "intermediate_size": ffn, "vocab_size": vocab, "max_position_embeddings": 128, **more}


class Case:
    """A configuration. `form`: the version of transformers as which config.json is written, 5 only where that version
    makes the folder; `dtype`: of the weights; `old_scaling_name`: of RoPE's scaling; `shards`: the weights lie in several
    files; `kept`: a small one, whose folder and logits are data of the tests; `since`: the first version that knows the
    settings."""

    def __init__(self, family, what, config, form=5, dtype="float32", shards=False, kept=False, old_scaling_name=None, since=4):
        self.family, self.what, self.config, self.old_scaling_name = family, what, config, old_scaling_name
        self.form, self.dtype, self.shards, self.kept, self.since = form, dtype, shards, kept, since

    @property
    def seed(self):
        return zlib.crc32(f"{self.family}: {self.what}".encode())


SMALL = {"hidden": 32, "layers": 3, "ffn": 48}
CASES = [
    Case("llama", "untied, no scaling", shape()),
    Case("llama", "tied, 1 K/V head, head_dim 20, llama3 scaling", shape(kv=1, head_dim=20, tie_word_embeddings=True,
         rope_scaling=LLAMA3), form=4),
    Case("llama", "as many K/V heads, linear scaling, eps 0.01", shape(kv=4, rope_scaling=LINEAR, rms_norm_eps=1e-2,
         rope_theta=500.0), shards=True),
    Case("llama", "yarn scaling", shape(hidden=60, heads=6, kv=3, ffn=75, rope_scaling=YARN), form=4),
    Case("llama", "yarn with betas, mscale, not truncated, F16", shape(rope_theta=1e3, rope_scaling={**YARN, "beta_fast": 8.0,
         "beta_slow": 0.5, "mscale": 1.0, "mscale_all_dim": 0.5, "truncate": False}), dtype="float16"),
    Case("llama", "yarn with attention_factor, larger vocabulary", shape(vocab=301, rope_scaling={**YARN, "attention_factor": 1.3})),
    Case("llama", "kept: llama3 scaling, base 100, BF16", shape(**SMALL, rope_scaling=LLAMA3, rope_theta=100.0), form=4, dtype="bfloat16", kept=True),

    Case("mistral", "no window", shape(sliding_window=None)),
    Case("mistral", "window 5, tied", shape(sliding_window=5, tie_word_embeddings=True), form=4),
    Case("mistral", "window 17, head_dim 8, 1 K/V head", shape(kv=1, head_dim=8, sliding_window=17, rope_theta=1e6), shards=True),
    Case("mistral", "window longer than the text", shape(kv=4, sliding_window=100), dtype="bfloat16"),
    Case("mistral", "window 1, yarn scaling", shape(head_dim=12, sliding_window=1, rope_scaling=YARN)),
    Case("mistral", "kept: window 6, BF16", shape(**SMALL, sliding_window=6), dtype="bfloat16", kept=True),

    Case("qwen2", "untied", shape()),
    Case("qwen2", "tied, 1 K/V head, base 1e6", shape(kv=1, tie_word_embeddings=True, rope_theta=1e6), form=4),
    Case("qwen2", "window 7 from layer 2 on", shape(use_sliding_window=True, sliding_window=7, max_window_layers=2)),
    Case("qwen2", "window not used, yarn scaling", shape(kv=4, sliding_window=7, rope_scaling=YARN), form=4, shards=True),
    Case("qwen2", "window 5 in the first and third layer", shape(use_sliding_window=True, sliding_window=5, layer_types=[
         "sliding_attention", "full_attention", "sliding_attention", "full_attention"]), dtype="bfloat16"),
    Case("qwen2", "kept: tied, window 6 from layer 1 on, BF16", shape(**SMALL, tie_word_embeddings=True, use_sliding_window=True,
         sliding_window=6, max_window_layers=1), dtype="bfloat16", kept=True),

    Case("qwen3", "untied, head_dim 12", shape(head_dim=12)),
    Case("qwen3", "tied, 1 K/V head, head_dim 20", shape(kv=1, head_dim=20, tie_word_embeddings=True, rope_theta=1e6), form=4),
    Case("qwen3", "as many K/V heads, head_dim 8, yarn scaling", shape(kv=4, head_dim=8, rope_scaling=YARN), form=4, shards=True),
    Case("qwen3", "window 7 from layer 2 on, F16", shape(head_dim=16, use_sliding_window=True, sliding_window=7, max_window_layers=2), form=4,
         dtype="float16"),
    Case("qwen3", "kept: head_dim 12, BF16", shape(**SMALL, head_dim=12), dtype="bfloat16", kept=True),

    Case("smollm3", "tied, fourth layer without RoPE", shape(layers=6)),
    Case("smollm3", "untied, every second layer without RoPE", shape(no_rope_layer_interval=2, tie_word_embeddings=False,
         rope_theta=1e4), form=4),
    Case("smollm3", "RoPE in layers 0 and 3, yarn scaling", shape(kv=4, no_rope_layers=[1, 0, 0, 1], rope_scaling=YARN), form=4),
    Case("smollm3", "window 6 in layers without RoPE", shape(kv=1, use_sliding_window=True, sliding_window=6,
         no_rope_layer_interval=2), shards=True),
    Case("smollm3", "RoPE everywhere, linear scaling", shape(no_rope_layers=[1, 1, 1, 1], rope_scaling=LINEAR), dtype="bfloat16"),
    Case("smollm3", "kept: fourth layer without RoPE, BF16", shape(**{**SMALL, "layers": 4}), dtype="bfloat16", kept=True),

    Case("gemma3", "tied, window 5", shape(layers=7, head_dim=12, sliding_window=5)),
    Case("gemma3", "every third layer full, local base 50, scalar 20", shape(kv=1, layers=7, head_dim=8, sliding_window=9,
         query_pre_attn_scalar=20, sliding_window_pattern=3, rope_theta=1e5, rope_local_base_freq=50.0), form=4),
    Case("gemma3", "linear scaling of full attention", shape(hidden=40, layers=6, head_dim=16, sliding_window=6, query_pre_attn_scalar=16,
         rope_scaling=LINEAR), form=4, shards=True),
    Case("gemma3", "untied, capped logits, every second layer full", shape(kv=4, head_dim=10, sliding_window=3, tie_word_embeddings=False,
         query_pre_attn_scalar=10, final_logit_softcapping=4.0, layer_types=["sliding_attention", "full_attention"] * 2)),
    Case("gemma3", "window longer than the text, F16", shape(layers=6, head_dim=14, sliding_window=99, rms_norm_eps=1e-3,
         query_pre_attn_scalar=14), dtype="float16"),
    Case("gemma3", "kept: window 6, BF16", shape(**{**SMALL, "layers": 6}, head_dim=8, sliding_window=6,
         query_pre_attn_scalar=12), dtype="bfloat16", kept=True),

    Case("phi3", "no scaling", shape()),
    Case("phi3", "tied, window 7", shape(kv=1, sliding_window=7, tie_word_embeddings=True), form=4),
    Case("phi3", "RoPE of three quarters, window 20", shape(hidden=64, sliding_window=20, partial_rotary_factor=0.75), form=4),
    Case("phi3", "longrope, a short text", shape(kv=4, original_max_position_embeddings=64, rope_scaling=longrope(6))),
    Case("phi3", "longrope, a long text", shape(original_max_position_embeddings=63, rope_scaling=longrope(6)), form=4, shards=True),
    Case("phi3", "longrope of a half, long, attention_factor, F16", shape(hidden=64, original_max_position_embeddings=16,
         partial_rotary_factor=0.5, rope_scaling=longrope(4, attention_factor=1.4)), dtype="float16", since=5),
    Case("phi3", "longrope of the old name su, factor", shape(original_max_position_embeddings=32, rope_scaling=longrope(6, factor=3.0)), form=4,
         old_scaling_name="su", since=5),
    Case("phi3", "kept: longrope of three quarters, long, window 9, BF16", shape(hidden=32, heads=2, kv=1, layers=3, ffn=48,
         sliding_window=9, partial_rotary_factor=0.75, original_max_position_embeddings=32, rope_scaling=longrope(6)),
         dtype="bfloat16", kept=True),
]
MODEL_TYPES = {"gemma3": "gemma3_text"}


def random_weights(model, case):
    """Replaces every parameter. Norms lie around the weight that changes nothing, 1, or 0 in Gemma, which adds 1."""
    import numpy as np
    import torch

    numbers = np.random.default_rng(case.seed)
    for name, parameter in sorted(model.named_parameters()):
        values = numbers.standard_normal(tuple(parameter.shape), dtype=np.float32)
        if parameter.dim() > 1:
            wide = any(part in name for part in ("q_proj", "k_proj", "qkv_proj", "gate"))
            values *= (1.5 if wide else 1.0) / np.sqrt(parameter.shape[-1])
        elif name.endswith("norm.weight"):
            values = (0.0 if case.family == "gemma3" else 1.0) + 0.3 * values
        else:
            values *= 0.5
        with torch.no_grad():
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))


def as_version_4(config, derived, old_scaling_name):
    """The same config.json as transformers 4 writes it, without the keys that early versions derive from others, and
    perhaps with a name of the scaling that they had."""
    rope = config.pop("rope_parameters")
    if "full_attention" in rope:
        config["rope_local_base_freq"] = rope["sliding_attention"]["rope_theta"]
        rope = rope["full_attention"]
    rope = dict(rope)
    config["rope_theta"] = rope.pop("rope_theta")
    part = rope.pop("partial_rotary_factor", 1.0)
    if part != 1.0:
        config["partial_rotary_factor"] = part
    if "type" in rope:
        del rope["rope_type"]
    if old_scaling_name:
        rope["type"] = old_scaling_name
    elif "original_max_position_embeddings" in config:  # transformers 5 asks for it in a scaling with an old name
        rope.pop("original_max_position_embeddings", None)
    config["rope_scaling"] = rope if rope.get("rope_type") != "default" else None
    for key in derived:
        config.pop(key, None)
    if "_sliding_window_pattern" in config:
        config["sliding_window_pattern"] = config.pop("_sliding_window_pattern")
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.57.6"
    return config


def write_tokenizer(path):
    """A byte-level tokenizer of the bytes, a few merges and control tokens."""
    import tokenizers

    vocab = {letter: i for i, letter in enumerate(sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()))}
    merges = [tuple(merge.split(" ")) for merge in MERGES]
    for left, right in merges:
        vocab[left + right] = len(vocab)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocab, merges=merges))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(CONTROL)
    tokenizer.save(str(path), pretty=False)
    return tokenizer


def write_folder(case, folder):
    """Writes the model; returns its tokenizer. Settings that transformers 5 takes from config.json only in the form of
    version 4 are given to the config class in that form, which it knows too."""
    import torch
    import transformers

    control = {name: FIRST_CONTROL + i for i, name in enumerate(("bos_token_id", "eos_token_id", "pad_token_id"))}
    model_type = MODEL_TYPES.get(case.family, case.family)
    settings = {key: dict(value) if isinstance(value, dict) else value for key, value in case.config.items()}
    config = transformers.AutoConfig.for_model(model_type, **settings, **control)
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    random_weights(model, case)
    model.to(getattr(torch, case.dtype)).save_pretrained(folder, max_shard_size="50KB" if case.shards else "5GB")
    path = folder / "config.json"
    saved = json.loads(path.read_text())
    if case.form == 4 and "rope_parameters" in saved:
        saved = as_version_4(saved, {"layer_types", "no_rope_layers"} - case.config.keys(), case.old_scaling_name)
    path.write_text(json.dumps(saved, indent=1) + "\n")
    return write_tokenizer(folder / "tokenizer.json")


def read_model(folder):
    """The folder as transformers reads it, in F32."""
    import torch
    import transformers

    return transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()


def logits_of(model, ids):
    """The logits of every token."""
    import torch

    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False).logits[0].numpy()
