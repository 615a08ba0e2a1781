#!/usr/bin/env python3
"""Compares the logits of `score` with those of llama.cpp, token by token, on a text of prose and code.

The truth is llama.cpp on the same model with every weight dequantised to F32, keys and values in F32, and no flash
attention, so that nothing is rounded below F32. It is compared with `score --backend reference --kv f32` (which must be
equal up to rounding in F32), `score --backend cpu`, and llama.cpp with its default settings on the original file. The
measures are the Kullback-Leibler divergence of each distribution from the truth, in nats, and how often the likeliest
token is the same.

Exit code 0 if all bounds hold:
  reference, first N positions:   mean KL <= 1e-5 and the likeliest token the same in >= 99.5 %
  cpu, all positions:             mean KL <= 1.15 times that of llama.cpp on the same file
  cpu with K/V in Q8_0:           mean KL at most 1e-3 above that with F16

Needs: pip install llama-cpp-python gguf numpy, a built `score`, and room for one dequantised model at a time (four
bytes per weight) in memory and in the folder for temporary files.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE_KL = 1e-5
REFERENCE_TOP_1 = 0.995
CPU_KL_RATIO = 1.15
EIGHT_BITS_KL = 1e-3


def log_softmax(rows):
    import numpy as np

    z = rows.astype(np.float64)
    z -= z.max(axis=1, keepdims=True)
    z -= np.log(np.exp(z).sum(axis=1, keepdims=True))
    return z


def compare(truth, other, tokens):
    """KL(truth || other) and agreement over the rows of `other`; truth may have more rows."""
    import numpy as np

    divergences, same, log_prob = [], 0, 0.0
    for first in range(0, len(other), 32):
        part = slice(first, min(first + 32, len(other)))
        p, q = log_softmax(truth[part]), log_softmax(other[part])
        divergences.append((np.exp(p) * (p - q)).sum(axis=1))
        same += int((truth[part].argmax(axis=1) == other[part].argmax(axis=1)).sum())
        for i in range(part.start, min(part.stop, len(tokens) - 1)):
            log_prob += q[i - part.start, tokens[i + 1]]
    kl = np.concatenate(divergences)
    scored = min(len(other), len(tokens) - 1)
    return {"positions": len(other), "mean_kl": float(kl.mean()), "median_kl": float(np.median(kl)),
            "max_kl": float(kl.max()), "max_at": int(kl.argmax()), "top_1": same / len(other), "perplexity": float(np.exp(-log_prob / scored))}


def ours(options, model, folder, name, arguments):
    """The logits and the JSON that `score` writes."""
    import numpy as np

    logits, report = folder / f"{name}.npy", folder / f"{name}.json"
    command = [options.score, "--model", model, "--text", options.text, "--threads", str(options.threads), "--quiet",
               "--logits", str(logits), "--json", str(report), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return np.load(logits, mmap_mode="r"), json.loads(report.read_text())


def theirs(path, tokens, options, **settings):
    from llama_engine import LlamaCpp

    engine = LlamaCpp(path, options.threads, max(512, len(tokens) + 64), **settings)
    try:
        found = engine.tokenize(pathlib.Path(options.text).read_bytes())
        if found[: len(tokens)] != tokens:
            raise SystemExit(f"{path}: llama.cpp's tokens of {options.text} differ from ours")
        return engine.logits(tokens)
    finally:
        engine.close()


def check_model(model, options, folder):
    from dequantise import dequantise

    cpu, report = ours(options, model, folder, "cpu", ["--backend", "cpu"])
    tokens = [token["id"] for token in report["tokens"]]
    f32 = folder / "f32.gguf"
    dequantise(model, str(f32))
    truth = theirs(str(f32), tokens, options, kv="f32", flash="off")
    f32.unlink()

    short = str(options.reference_positions)
    results = {}
    reference, _ = ours(options, model, folder, "reference",
                        ["--backend", "reference", "--kv", "f32", "--tokens", short])
    results["reference, K/V F32"] = compare(truth, reference, tokens)
    rounded, _ = ours(options, model, folder, "reference-f16",
                      ["--backend", "reference", "--kv", "f16", "--tokens", short])
    results["reference, K/V F16"] = compare(truth, rounded, tokens)
    results[f"cpu ({report['instruction_set']}), K/V F16"] = compare(truth, cpu, tokens)
    exact, _ = ours(options, model, folder, "cpu-f32", ["--backend", "cpu", "--kv", "f32"])
    results[f"cpu ({report['instruction_set']}), K/V F32"] = compare(truth, exact, tokens)
    eight_bits, _ = ours(options, model, folder, "cpu-q8_0", ["--backend", "cpu", "--kv", "q8_0"])
    results[f"cpu ({report['instruction_set']}), K/V Q8_0"] = compare(truth, eight_bits, tokens)
    results["llama.cpp, same file, defaults"] = compare(truth, theirs(model, tokens, options), tokens)
    results["llama.cpp, same file, K/V F32, no flash attention"] = compare(
        truth, theirs(model, tokens, options, kv="f32", flash="off"), tokens)
    against_reference = compare(reference, cpu[: len(reference)], tokens)
    own = compare(truth, truth, tokens)["perplexity"]
    return report, results, against_reference, own


def bounds(results):
    """Sentences about the bounds, and whether all bounds hold."""
    reference = results["reference, K/V F32"]
    cpu = next(r for name, r in results.items() if name.startswith("cpu") and name.endswith("F16"))
    eight_bits = next(r for name, r in results.items() if name.endswith("K/V Q8_0"))
    rival = results["llama.cpp, same file, defaults"]
    checks = [
        (f"reference: mean KL {reference['mean_kl']:.2e}, expected at most {REFERENCE_KL:.0e}",
         reference["mean_kl"] <= REFERENCE_KL),
        (f"reference: likeliest token the same in {reference['top_1']:.2%}, expected at least {REFERENCE_TOP_1:.1%}",
         reference["top_1"] >= REFERENCE_TOP_1),
        (f"cpu: mean KL {cpu['mean_kl'] / rival['mean_kl']:.3f} times llama.cpp's, expected at most {CPU_KL_RATIO}",
         cpu["mean_kl"] <= CPU_KL_RATIO * rival["mean_kl"]),
        (f"cpu: mean KL with K/V in Q8_0 {eight_bits['mean_kl'] - cpu['mean_kl']:+.2e} from that with F16, expected at "
         f"most {EIGHT_BITS_KL:+.0e}", eight_bits["mean_kl"] <= cpu["mean_kl"] + EIGHT_BITS_KL),
    ]
    return [f"{'holds' if ok else 'FAILS'}: {text}" for text, ok in checks], all(ok for _, ok in checks)


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--score", default="build/release/examples/score", help="the program (default: %(default)s)")
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--text", default=str(HERE / "text.txt"), help="(default: %(default)s)")
    parser.add_argument("--reference-positions", type=int, default=200, help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(default: %(default)s)")
    parser.add_argument("--json", help="also write all numbers to this file")
    options = parser.parse_args()
    try:
        import gguf  # noqa: F401
        import llama_cpp
        import numpy  # noqa: F401
    except ModuleNotFoundError as error:
        sys.exit(f"score.py: the Python package {error.name} is missing: pip install llama-cpp-python gguf numpy")
    if not os.access(options.score, os.X_OK):
        sys.exit(f"score.py: {options.score} is not there: cmake --preset release && cmake --build --preset release")
    models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
    if not models:
        sys.exit(f"score.py: no GGUF file in {cache}: pass --model FILE")
    sys.path.insert(0, str(HERE))
    print(f"llama-cpp-python {llama_cpp.__version__}, {options.text}")
    good, everything = True, {}
    for model in models:
        with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as name:
            report, results, against_reference, own = check_model(model, options, pathlib.Path(name))
        sentences, ok = bounds(results)
        good = good and ok
        everything[pathlib.Path(model).name] = {**results, "cpu against reference, K/V F32": against_reference,
                                                "truth_perplexity": own, "fingerprint": report["fingerprint"]}
        print(f"\n{pathlib.Path(model).name}: {len(report['tokens'])} tokens, perplexity of the truth {own:.4f}")
        for name, r in {**results, "cpu against reference (K/V F32)": against_reference}.items():
            print(f"  {name:52} {r['positions']:4} positions  mean KL {r['mean_kl']:.3e}  median {r['median_kl']:.1e}  "
                  f"max {r['max_kl']:.1e} at {r['max_at']:3}  same likeliest {r['top_1']:.2%}  perplexity {r['perplexity']:.4f}")
        print("\n".join("  " + sentence for sentence in sentences))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
