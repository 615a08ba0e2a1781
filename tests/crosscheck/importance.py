#!/usr/bin/env python3
"""Compares the importance of every sub-layer with NumPy's, on the prompts of a few questions in three stages.

The truth is an independent forward pass in NumPy on the weights dequantised to F32. It is compared with `cpu` (K/V in
F16, the default) and `reference` (double, K/V in F32). Each backend generates its own stages, so the truth is computed
for the prompts of each.

Exit code 0 if for every model
  cpu:        every mean cosine over tokens within 2e-3 and Spearman's correlation of the ranking >= 0.99
  reference:  every mean cosine within 2e-6 and the same ranking, except for ties within 2e-6
Both are checked for each stage and for the mean over the stages.

Needs: pip install gguf numpy, and a C++ compiler. A model takes four bytes a weight in memory.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from racing import ROOT, build_ours

MODELS = ("smollm2-135m", "qwen2.5-coder-0.5b")
BOUNDS = {"cpu": (2e-3, 0.99), "reference": (2e-6, 0.9999)}
BACKENDS = {"cpu": "cpu, K/V F16", "reference": "reference, K/V F32"}


class Truth:
    """A llama or qwen2 model in F32, used only for `moments`."""

    def __init__(self, path):
        import gguf
        import numpy as np

        reader = gguf.GGUFReader(path)
        self.weights = {t.name: np.asarray(gguf.dequantize(t.data, t.tensor_type), dtype=np.float32)
                        for t in reader.tensors}
        architecture = reader.fields["general.architecture"].contents()

        def key(name, default=None):
            field = reader.fields.get(f"{architecture}.{name}")
            if field is None and default is None:
                raise SystemExit(f"{path}: key {architecture}.{name} is missing")
            return default if field is None else field.contents()

        if architecture not in ("llama", "qwen2"):
            raise SystemExit(f"{path}: architecture {architecture}, expected llama and qwen2")
        self.interleaved = architecture == "llama"  # GGUF stores llama's rows of Q and K for pairs (2i, 2i + 1)
        self.layers = key("block_count")
        self.heads, self.kv_heads = key("attention.head_count"), key("attention.head_count_kv")
        self.eps = key("attention.layer_norm_rms_epsilon")
        self.base = key("rope.freq_base", 10000.0)
        self.head_dim = key("embedding_length") // self.heads

    def norm(self, x, name):
        import numpy as np

        return x / np.sqrt((x * x).mean(axis=1, keepdims=True) + np.float32(self.eps)) * self.weights[name + ".weight"]

    def linear(self, x, name):
        y = x @ self.weights[name + ".weight"].T
        return y + self.weights[name + ".bias"] if name + ".bias" in self.weights else y

    def rotate(self, x):
        """x: [tokens, heads, head_dim]"""
        import numpy as np

        half = self.head_dim // 2
        frequency = self.base ** (-np.arange(half) / half)
        angle = np.arange(len(x))[:, None, None] * frequency
        cos, sin = np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)
        pairs = (np.s_[..., 0::2], np.s_[..., 1::2]) if self.interleaved else (np.s_[..., :half], np.s_[..., half:])
        first, second = pairs
        y = np.empty_like(x)
        y[first] = x[first] * cos - x[second] * sin
        y[second] = x[first] * sin + x[second] * cos
        return y

    def attention(self, x, prefix):
        import numpy as np

        n, group = len(x), self.heads // self.kv_heads
        q = self.rotate(self.linear(x, prefix + "attn_q").reshape(n, self.heads, self.head_dim))
        k = self.rotate(self.linear(x, prefix + "attn_k").reshape(n, self.kv_heads, self.head_dim))
        v = self.linear(x, prefix + "attn_v").reshape(n, self.kv_heads, self.head_dim)
        mask = np.triu(np.full((n, n), -np.inf, np.float32), 1)
        y = np.empty_like(q)
        for h in range(self.heads):
            scores = q[:, h] @ k[:, h // group].T / np.float32(np.sqrt(self.head_dim)) + mask
            p = np.exp(scores - scores.max(axis=1, keepdims=True))
            y[:, h] = p @ v[:, h // group] / p.sum(axis=1, keepdims=True)
        return self.linear(y.reshape(n, -1), prefix + "attn_output")

    def mlp(self, x, prefix):
        import numpy as np

        gate = self.linear(x, prefix + "ffn_gate")
        return self.linear(gate / (1 + np.exp(-gate)) * self.linear(x, prefix + "ffn_up"), prefix + "ffn_down")

    def moments(self, tokens):
        """[2 * layers + layers, 3, tokens] of sub-layers, then layers: x.y, x.x and y.y, in double."""
        import numpy as np

        def of(x, y):
            x, y = x.astype(np.float64), y.astype(np.float64)
            return np.stack([(x * y).sum(axis=1), (x * x).sum(axis=1), (y * y).sum(axis=1)])

        x = self.weights["token_embd.weight"][tokens]
        sublayers, layers = [], []
        for i in range(self.layers):
            prefix = f"blk.{i}."
            middle = x + self.attention(self.norm(x, prefix + "attn_norm"), prefix)
            out = middle + self.mlp(self.norm(middle, prefix + "ffn_norm"), prefix)
            sublayers += [of(x, middle), of(middle, out)]
            layers.append(of(x, out))
            x = out
        return np.array(sublayers + layers)


def shared_prefix(prompts):
    """Number of first tokens that all branches of a stage share, which run once; a branch's last token never counts."""
    if len(prompts) < 2:
        return 0
    n = min(map(len, prompts)) - 1
    return next((i for i in range(n) if len({p[i] for p in prompts}) > 1), n)


def importance(truth, stage):
    """The numbers of StageImportance, for the prompts [questions][branches] of a stage."""
    import numpy as np

    cosines, lasts, requests, ratios = [], [], [], []
    for prompts in stage:
        shared = shared_prefix(prompts)
        moments = [truth.moments(p) for p in prompts]
        parts = ([moments[0][..., :shared]] if shared else []) + [m[..., shared:] for m in moments]
        own = [m[:, 0] / np.sqrt(m[:, 1]) / np.sqrt(m[:, 2]) for m in parts]
        lasts += [cosine[:, -1] for cosine in own[-len(prompts):]]
        cosines += own
        requests.append(np.concatenate(own, axis=1).mean(axis=1))
        sizes = [m.shape[-1] for m in parts]
        ratios.append(np.average([np.sqrt(m[:, 2].sum(axis=1) / m[:, 1].sum(axis=1)) for m in parts], axis=0,
                                 weights=sizes))
    n = 2 * truth.layers
    mean = np.concatenate(cosines, axis=1).mean(axis=1)
    return {"cosine": mean[:n], "layer_cosine": mean[n:], "request_cosine": np.mean(requests, axis=0)[:n],
            "last_cosine": np.mean(lasts, axis=0)[:n], "norm_ratio": np.mean(ratios, axis=0)[:n],
            "tokens": sum(c.shape[1] for c in cosines)}


def ranks(values):
    """Ranks from 0, ties (which measured cosines do not have) in the order given."""
    import numpy as np

    return np.argsort(np.argsort(-np.asarray(values), kind="stable"), kind="stable")


def spearman(a, b):
    import numpy as np

    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def check(name, backend, found, truth):
    """Compares and prints. Returns whether all bounds hold, and the numbers."""
    import numpy as np

    bound, least = BOUNDS[backend]
    expected = [importance(truth, stage) for stage in found["prompts"]]
    stages = found["importance"]["stages"]
    pairs = {s["stage"]: (s["cosine"], e["cosine"]) for s, e in zip(stages, expected, strict=True)}
    pairs["all stages"] = tuple(np.mean([p[i] for p in pairs.values()], axis=0) for i in (0, 1))
    good, numbers = True, {}
    print(f"{name}, {BACKENDS[backend]} (fingerprint {found['fingerprint']})")
    for stage, (ours, theirs) in pairs.items():
        gap, rho = float(np.abs(np.subtract(ours, theirs)).max()), spearman(ours, theirs)
        ok = gap <= bound and rho >= least
        good = good and ok
        numbers[stage] = {"largest_gap": gap, "spearman": rho}
        print(f"  {'holds' if ok else 'FAILS'}: {stage:12} largest difference of a mean cosine {gap:.2e} "
              f"(accepted <= {bound:g}), Spearman {rho:.5f} (accepted >= {least})")
    for key in ("request_cosine", "last_cosine", "layer_cosine", "norm_ratio"):
        relative = 1 / np.array([e[key] for e in expected]) if key == "norm_ratio" else 1
        gap = float(np.abs((np.array([s[key] for s in stages]) - [e[key] for e in expected]) * relative).max())
        numbers[key] = gap
        print(f"         {key}: largest {'relative ' if key == 'norm_ratio' else ''}difference {gap:.2e}")
    counted = [s["tokens"] for s in stages]
    if counted != [e["tokens"] for e in expected]:
        print(f"  FAILS: tokens of the stages {counted}, expected {[e['tokens'] for e in expected]}")
        good = False
    numbers["tokens"], numbers["ranking"] = sum(counted), found["ranking"]
    numbers["largest_norm_ratio"] = max(max(s["norm_ratio"]) for s in stages)
    print(f"         {sum(counted)} tokens; most redundant: {' '.join(found['ranking'][:12])}; "
          f"largest norm ratio {numbers['largest_norm_ratio']:.1f}", flush=True)
    return good, numbers


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: {', '.join(MODELS)})")
    parser.add_argument("--data", default=str(ROOT / "examples/data/questions_calibration.jsonl"),
                        help="(default: %(default)s)")
    parser.add_argument("--questions", type=int, default=4, help="number of questions for cpu (default: %(default)s)")
    parser.add_argument("--reference-questions", type=int, default=1,
                        help="number of questions for reference; 0: none (default: %(default)s)")
    parser.add_argument("--cap", type=int, default=24, help="most tokens of a stage (default: %(default)s)")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"), help="(default: %(default)s)")
    parser.add_argument("--json", help="also write all numbers to this file")
    options = parser.parse_args()
    try:
        import gguf  # noqa: F401
        import numpy
    except ModuleNotFoundError as error:
        sys.exit(f"importance.py: the Python package {error.name} is missing: pip install gguf numpy")
    models = options.model or [str(pathlib.Path(cache) / f"{name}.gguf") for name in MODELS]
    good, everything = True, {}
    with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as folder:
        program = build_ours(pathlib.Path(folder), options.compiler, "tests/crosscheck/importance_ours.cpp",
                             ["-lpcre2-8", "-lxxhash"])
        print(f"numpy {numpy.__version__}, {options.data}")
        for model in models:
            if not os.path.exists(model):
                sys.exit(f"importance.py: {model} is not there: examples/get_model.sh {pathlib.Path(model).stem}")
            name, truth = pathlib.Path(model).stem, Truth(model)
            for backend, questions in (("cpu", options.questions), ("reference", options.reference_questions)):
                if questions == 0:
                    continue
                command = [program, model, backend, options.data, str(questions), str(options.cap)]
                found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                ok, numbers = check(name, backend, found, truth)
                good = good and ok
                everything.setdefault(name, {})[backend] = numbers
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
