#!/usr/bin/env python3
"""Compares the logits of `score --lora` with those of llama.cpp with the same adapter, token by token.

The adapter has random numbers for every projection of every layer. It is written twice: as PEFT writes it (with
`safetensors`, rows in the order of transformers), and as llama.cpp's convert_lora_to_gguf.py does (rows of Q and K
reordered for Llama). llama.cpp runs the model dequantised to F32 and adds what the adapter gives at every step; litestage
merges it, in both forms.

Exit code 0 if, on the first N positions of the text:
  reference, either form of the adapter:   mean KL from llama.cpp <= 1e-5 nats
  the two forms:                           the same logits to the bit
  no adapter:                              mean KL >= 1e-2, or the adapter would show nothing

Needs: pip install llama-cpp-python gguf numpy safetensors, and a built `score`.
"""

import argparse
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SAME_KL, OTHER_KL = 1e-5, 1e-2
RANK, ALPHA, SCALE = 8, 12.0, 0.75
NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def random_factors(model):
    """Matrix name -> (A, B), with rows of B in the order of the file; each product is about 3 % of an output."""
    import gguf
    import numpy as np

    random, factors = np.random.default_rng(1), {}
    for tensor in gguf.GGUFReader(model).tensors:
        parts = tensor.name.split(".")
        if len(parts) == 4 and parts[2] in NAMES and parts[3] == "weight":
            inputs, outputs = (int(size) for size in tensor.shape)
            a = random.normal(0, inputs ** -0.5, (RANK, inputs)).astype(np.float32)
            factors[tensor.name] = a, random.normal(0, 0.1, (outputs, RANK)).astype(np.float32)
    return factors


def in_order_of_transformers(b, heads):
    """Undoes the converter's reordering: rows (head, pair, side) become (head, side, pair)."""
    rank = b.shape[1]
    return b.reshape(heads, -1, 2, rank).swapaxes(1, 2).reshape(-1, rank).copy()


def write_adapters(model, folder):
    import gguf
    from safetensors.numpy import save_file

    fields = gguf.GGUFReader(model).fields
    architecture = fields["general.architecture"].contents()
    heads = {"attn_q": int(fields[f"{architecture}.attention.head_count"].contents()),
             "attn_k": int(fields[f"{architecture}.attention.head_count_kv"].contents())}
    writer = gguf.GGUFWriter(str(folder / "adapter.gguf"), architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", ALPHA)
    peft = {}
    for name, (a, b) in random_factors(model).items():
        writer.add_tensor(name + ".lora_a", a)
        writer.add_tensor(name + ".lora_b", b)
        _, layer, matrix, _ = name.split(".")
        stem = f"base_model.model.model.layers.{layer}.{NAMES[matrix]}"
        peft[stem + ".lora_A.weight"] = a
        reordered = architecture in ("llama", "smollm3") and matrix in heads
        peft[stem + ".lora_B.weight"] = in_order_of_transformers(b, heads[matrix]) if reordered else b
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (folder / "peft").mkdir()
    save_file(peft, str(folder / "peft" / "adapter_model.safetensors"), metadata={"format": "pt"})
    config = {"alpha_pattern": {}, "auto_mapping": None, "base_model_name_or_path": None, "bias": "none",
              "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "layer_replication": None,
              "layers_pattern": None, "layers_to_transform": None, "loftq_config": {}, "lora_alpha": ALPHA,
              "lora_bias": False, "lora_dropout": 0.0, "megatron_config": None, "megatron_core": "megatron.core",
              "modules_to_save": None, "peft_type": "LORA", "r": RANK, "rank_pattern": {}, "revision": None,
              "target_modules": "all-linear", "task_type": "CAUSAL_LM", "use_dora": False, "use_rslora": False}
    (folder / "peft" / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True))


def with_adapter(path, adapter, tokens, options):
    import ctypes

    import llama_cpp
    from llama_engine import LlamaCpp

    engine = LlamaCpp(path, options.threads, max(512, len(tokens) + 64), kv="f32", flash="off")
    try:
        if adapter:
            loaded = llama_cpp.llama_adapter_lora_init(engine.model, adapter.encode())
            if not loaded:
                raise SystemExit(f"{adapter}: llama.cpp cannot load this adapter")
            adapters, scales = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(loaded), (ctypes.c_float * 1)(SCALE)
            if llama_cpp.llama_set_adapters_lora(engine.context, adapters, 1, scales) != 0:
                raise SystemExit(f"{adapter}: llama.cpp refuses this adapter")
        return engine.logits(tokens)
    finally:
        engine.close()


def check_model(model, options, folder):
    import numpy as np
    from dequantise import dequantise
    from score import compare, ours

    f32 = str(folder / "f32.gguf")
    dequantise(model, f32)
    write_adapters(f32, folder)
    common = ["--kv", "f32", "--tokens", str(options.positions)]
    found = {}
    for name, adapter in ("PEFT", folder / "peft"), ("GGUF", folder / "adapter.gguf"):
        arguments = ["--backend", "reference", "--lora", f"{adapter}:{SCALE}", *common]
        found[name], report = ours(options, f32, folder, name, arguments)
    found["cpu"], _ = ours(options, model, folder, "cpu", ["--lora", f"{folder / 'peft'}:{SCALE}", *common])
    tokens = [token["id"] for token in report["tokens"]]
    truth = with_adapter(f32, str(folder / "adapter.gguf"), tokens, options)
    results = {f"reference, {name}": compare(truth, found[name], tokens) for name in ("PEFT", "GGUF")}
    results["cpu, same file, PEFT"] = compare(truth, found["cpu"], tokens)
    results["llama.cpp without adapter"] = compare(truth, with_adapter(f32, None, tokens, options), tokens)
    same = bool((np.asarray(found["PEFT"]) == np.asarray(found["GGUF"])).all())
    good = same and all(results[f"reference, {name}"]["mean_kl"] <= SAME_KL for name in ("PEFT", "GGUF"))
    return results, same, good and results["llama.cpp without adapter"]["mean_kl"] >= OTHER_KL


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--score", default="build/release/examples/score", help="the program (default: %(default)s)")
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--text", default=str(HERE / "text.txt"), help="(default: %(default)s)")
    parser.add_argument("--positions", type=int, default=100, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(default: %(default)s)")
    options = parser.parse_args()
    sys.path.insert(0, str(HERE))
    try:
        import gguf  # noqa: F401
        import llama_cpp  # noqa: F401
        import numpy  # noqa: F401
        import safetensors  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"lora.py: the Python package {error.name} is missing: pip install llama-cpp-python gguf numpy safetensors")
    if not os.access(options.score, os.X_OK):
        sys.exit(f"lora.py: {options.score} is not there: cmake --preset release && cmake --build --preset release")
    passes = True
    for model in options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf")):
        with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as name:
            results, same, good = check_model(model, options, pathlib.Path(name))
        passes = passes and good
        print(f"\n{pathlib.Path(model).name}: the two forms give {'the same' if same else 'DIFFERENT'} logits")
        for what, r in results.items():
            print(f"  {what:28} {r['positions']:4} positions  mean KL {r['mean_kl']:.3e}  max {r['max_kl']:.1e}  "
                  f"same likeliest {r['top_1']:.2%}")
        print(f"  {'holds' if good else 'FAILS'}")
    sys.exit(0 if passes else 1)


if __name__ == "__main__":
    main()
