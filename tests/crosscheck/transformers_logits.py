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

--adapters compares LoRA adapters in place of the families (peft_adapters.py lists them): the library peft makes an adapter
for such a model, saves it and reads it again. The logits are compared with those that peft computes with the adapter
beside the model, and after merge_and_unload. Adapters of further options of peft have to be refused by the name of the
option. Needs peft (0.21.2 was used) too.

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
import warnings

import peft_adapters
import transformers_gguf
import transformers_models as models

BOUNDS = {"reference": 1e-5, "cpu": 2e-5}
POSITIONS = 64
KEPT_EVERY = 8  # the logits of every eighth position are recorded, those of the last among them


def random_text(seed):
    letters = random.Random(seed)
    words = ["the", "ing", "are", "our", "\u00e9t\u00e9", "7", "in an other", "\u4f60", "x", "\n", "Ring", "10%", "tea"]
    return " ".join(letters.choice(words) for _ in range(2 * POSITIONS))


def our_logits(options, model, backend, text, scratch, adapters=()):
    """What `score` computes, or the message with which it refuses."""
    import numpy as np

    out = scratch / "logits.npy"
    added = [word for adapter in adapters for word in ("--lora", str(adapter))]
    run = subprocess.run([options.score, "--model", str(model), *added, "--text", str(text), "--tokens", str(POSITIONS), "--quiet",
                          "--backend", backend, "--kv", "f32", "--logits", str(out)],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
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


def write_model(case, scratch):
    """Writes a model and a text; returns their paths, the tokenizer and the ids of the text."""
    folder, text = scratch / "model", scratch / "text.txt"
    folder.mkdir()
    tokenizer = models.write_folder(case, folder)
    text.write_text(random_text(case.seed))
    return folder, text, tokenizer, tokenizer.encode(text.read_text(), add_special_tokens=False).ids[:POSITIONS]


def compare(case, options, scratch):
    """A row of the table, and whether it passes."""
    import numpy as np

    folder, text, tokenizer, ids = write_model(case, scratch)
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


def compare_adapters(adapters, options, scratch):
    """A row of the table of adapters, and whether it passes."""
    import numpy as np

    case = next(case for case in models.CASES if (case.family, case.what) == adapters.base)
    folder, text, tokenizer, ids = write_model(case, scratch)
    saved = [scratch / f"adapter{i}" for i in range(len(adapters.settings))]
    for settings, path in zip(adapters.settings, saved):
        peft_adapters.write_adapter(models.read_model(folder), settings, adapters.dtype, path)
    model = models.read_model(folder)
    transformers_gguf.write_gguf(case, model, tokenizer, models.MERGES, str(scratch / "model.gguf"))
    plain = models.logits_of(model, ids).astype(np.float64)
    adapted = peft_adapters.with_adapters(model, saved)
    expected = models.logits_of(adapted, ids).astype(np.float64)
    merged = models.logits_of(adapted.merge_and_unload(), ids).astype(np.float64)
    largest = np.abs(expected).max()
    effect, between = (float(np.abs(other - expected).max() / largest) for other in (plain, merged))
    cells, passes = [f"{effect:.2f}", f"{between:.1e}"], effect > 0.01
    for path, backend in (folder, "reference"), (folder, "cpu"), (scratch / "model.gguf", "reference"):
        found, refusal = our_logits(options, path, backend, text, scratch, saved)
        truths = [expected, merged] if adapters.merges else [expected]
        differences = [np.inf if found is None else float(np.abs(found - truth).max() / largest) for truth in truths]
        good = max(differences) <= BOUNDS[backend]
        passes = passes and good
        cells.append(refusal or " ".join(f"{d:.1e}" if d <= BOUNDS[backend] else f"**{d:.1e}**" for d in differences))
    return f"| {': '.join(adapters.base)} | {adapters.what} | {' | '.join(cells)} |", passes


def refuse_adapter(option, options, scratch):
    """A row of the table of refused options, and whether it passes."""
    case = next(case for case in models.CASES if (case.family, case.what) == peft_adapters.LLAMA)
    folder, text, _, _ = write_model(case, scratch)
    settings = peft_adapters.refused_settings(option)
    peft_adapters.write_adapter(models.read_model(folder), settings, "float32", scratch / "adapter")
    _, refusal = our_logits(options, folder, "cpu", text, scratch, [scratch / "adapter"])
    expected = f"adapter_config.json: {peft_adapters.REFUSED[option][1]}"
    return f"| {option} | {refusal.split('adapter_config.json: ')[-1] or '**accepted**'} |", expected in refusal


def in_scratch(function, *arguments):
    """Prints the row that a function makes in a folder for temporary files; returns whether it passes."""
    with tempfile.TemporaryDirectory(prefix="litestage-crosscheck-") as scratch:
        row, passes = function(*arguments, pathlib.Path(scratch))
    print(row, flush=True)
    return passes


def main_of_adapters(options):
    import peft

    warnings.simplefilter("ignore")  # PEFT's, about shared matrices and embeddings
    print(f"peft {peft.__version__}\n\n| model | adapter | effect | merge_and_unload | reference | cpu | GGUF, reference |\n"
          "|---|---|---|---|---|---|---|")
    good = all([in_scratch(compare_adapters, adapters, options) for adapters in peft_adapters.READ])
    print("\n| option | message |\n|---|---|")
    return all([in_scratch(refuse_adapter, option, options) for option in peft_adapters.REFUSED]) and good


def main():
    families = sorted({case.family for case in models.CASES})
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--score", default="build/release/examples/score", help="the program (default: %(default)s)")
    parser.add_argument("--family", action="append", choices=families, help="only this family; may be repeated")
    parser.add_argument("--adapters", action="store_true", help="compare adapters that PEFT makes, in place of the families")
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
    if options.adapters:
        return 0 if main_of_adapters(options) else 1
    print("| family | configuration | largest logit | reference | cpu | GGUF, reference |\n|---|---|---|---|---|---|")
    good = True
    for case in models.CASES:
        if options.family and case.family not in options.family:
            continue
        if case.since > int(transformers.__version__.split(".")[0]):
            print(f"| {case.family} | {case.what} | not in this version of transformers | | | |")
            continue
        good = in_scratch(compare, case, options) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
