#!/usr/bin/env python3
"""Compares the logits of tiny random models of every family with those of the library transformers.

The models are made offline by transformers from its config classes (transformers_models.py lists them), with fixed
seeds, and written as folders, with config.json as version 4 or 5 of the library writes it. The library reads each folder
again and computes the logits of 64 tokens in F32, with the attention "eager"; `score` computes them on `reference`
(double) and `cpu`, with K/V in F32, and on `reference` from a GGUF file of the same weights (transformers_gguf.py writes
it), if GGUF files can say what the configuration does. Printed is a table of the largest differences, relative to the
largest logit.

Exit code 0 if every difference is at most 1e-5 (`reference`) and 2e-5 (`cpu`). Needs: pip install torch transformers
gguf numpy (2.15.0, 5.24.0, 0.19.0 and 2.4.6 were used; torch takes 6 GB with what it needs), and `score`.

--keep DIR writes the folders that unit tests read, tests/data/families, with their recorded logits.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

import transformers_gguf
import transformers_models as models

BOUNDS = {"reference": 1e-5, "cpu": 2e-5}
POSITIONS = 64
KEPT_EVERY = 8  # the logits of every eighth position are recorded, those of the last among them


def random_text(seed):
    letters = random.Random(seed)
    words = ["the", "ing", "are", "our", "\u00e9t\u00e9", "7", "in an other", "\u4f60", "x", "\n", "Ring", "10%", "tea"]
    return " ".join(letters.choice(words) for _ in range(2 * POSITIONS))


def our_logits(options, model, backend, text, scratch):
    """What `score` computes, or the message with which it refuses."""
    import numpy as np

    out = scratch / "logits.npy"
    run = subprocess.run([options.score, "--model", str(model), "--text", str(text), "--tokens", str(POSITIONS), "--quiet", "--backend",
                          backend, "--kv", "f32", "--logits", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode != 0:
        return None, run.stderr.strip().split("\n")[-1]
    return np.load(out), ""


def keep(folder, target, ids, expected):
    """Copies a folder to the data of the tests and records its logits beside it."""
    target.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        shutil.copyfile(folder / name, target / name)
    positions = list(range(KEPT_EVERY - 1, POSITIONS, KEPT_EVERY))
    rows = ",\n  ".join("[" + ", ".join(f"{value:.9g}" for value in expected[p].tolist()) + "]" for p in positions)
    text = f'{{"tokens": {json.dumps(ids)},\n "positions": {json.dumps(positions)},\n "logits": [\n  {rows}]}}\n'
    (target / "logits.json").write_text(text)


def compare(case, options, scratch):
    """A row of the table, and whether it passes."""
    import numpy as np

    folder, text = scratch / "model", scratch / "text.txt"
    folder.mkdir()
    tokenizer = models.write_folder(case, folder)
    text.write_text(random_text(case.seed))
    ids = tokenizer.encode(text.read_text(), add_special_tokens=False).ids[:POSITIONS]
    model = models.read_model(folder)
    expected = models.logits_of(model, ids).astype(np.float64)
    largest = np.abs(expected).max()
    ours = [(folder, "reference"), (folder, "cpu")]
    lacking = transformers_gguf.has_no_key_for(case)
    if not lacking:
        transformers_gguf.write_gguf(case, model, tokenizer, models.MERGES, str(scratch / "model.gguf"))
        ours.append((scratch / "model.gguf", "reference"))
    cells, passes = [], True
    for path, backend in ours:
        found, refusal = our_logits(options, path, backend, text, scratch)
        difference = np.inf if found is None else float(np.abs(found - expected).max() / largest)
        good = difference <= BOUNDS[backend]
        passes = passes and good
        cells.append(refusal or (f"{difference:.1e}" if good else f"**{difference:.1e}**"))
    if lacking:
        cells.append(f"no key for {lacking}")
    if case.kept and options.keep:
        keep(folder, pathlib.Path(options.keep) / case.family, ids, expected)
    return f"| {case.family} | {case.what} | {largest:.2f} | {' | '.join(cells)} |", passes


def main():
    families = sorted({case.family for case in models.CASES})
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--score", default="build/release/examples/score", help="the program (default: %(default)s)")
    parser.add_argument("--family", action="append", choices=families, help="only this family; may be repeated")
    parser.add_argument("--keep", metavar="DIR", help="write the folders and recorded logits that unit tests read")
    options = parser.parse_args()
    os.environ.update(HF_HUB_OFFLINE="1", HF_HUB_DISABLE_PROGRESS_BARS="1")
    import numpy
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    print(f"transformers {transformers.__version__}, torch {torch.__version__}, numpy {numpy.__version__}; {POSITIONS} tokens\n")
    print("| family | configuration | largest logit | reference | cpu | GGUF, reference |\n|---|---|---|---|---|---|")
    good = True
    for case in models.CASES:
        if options.family and case.family not in options.family:
            continue
        if case.since > int(transformers.__version__.split(".")[0]):
            print(f"| {case.family} | {case.what} | not in this version of transformers | | | |")
            continue
        with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as scratch:
            row, passes = compare(case, options, pathlib.Path(scratch))
        print(row, flush=True)
        good = good and passes
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
