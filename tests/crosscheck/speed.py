#!/usr/bin/env python3
"""Times decoding and prefill against llama.cpp on the same file, in interleaved rounds.

llama.cpp runs twice: with its defaults, and with its weights in huge pages (no mmap, glibc told to use huge pages), as
litestage keeps its weights. Both programs use low-level calls and choose no token. Printed are the median, smallest and
largest speed of the rounds, and the median of the ratios within a round.

Exit code 0 if at one thread, against llama.cpp's defaults, decode is >= 0.9 times as fast and prefill >= 2 times for
smollm2-135m, decode >= 0.8 and prefill >= 1 for other models. Run it on an idle machine.

Needs: pip install llama-cpp-python numpy, and a C++ compiler.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

from racing import HERE, Racer, build_ours, interleaved, spread

BOUNDS = {"smollm2-135m": {"decode": 0.9, "prefill": 2.0}}
OTHER_BOUNDS = {"decode": 0.8, "prefill": 1.0}
HUGE_PAGES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


def race(model, threads, program, options):
    rival = [sys.executable, str(HERE / "speed_llama.py"), model, str(threads)]
    racers = {"litestage": Racer([program, model, str(threads)]), "llama.cpp": Racer([*rival, "1"])}
    if not options.defaults_only:
        racers["llama.cpp, huge pages"] = Racer([*rival, "0"], HUGE_PAGES)
    results = {}
    for kind, n in (("decode", options.decode_tokens), ("prefill", options.prefill_tokens)):
        answers = interleaved(racers, f"{kind} {n} never", options.rounds)
        results[kind] = {name: [n / a["seconds"] for a in own] for name, own in answers.items()}
    for racer in racers.values():
        racer.close()
    return results


def show(name, threads, results, show_bounds):
    good = True
    for kind, speeds in results.items():
        ours = speeds["litestage"]
        for racer, values in speeds.items():
            line = f"  {kind:8} {threads} thread{'s' if threads > 1 else ' '} {racer:22} {spread(values):24} tokens/s"
            if racer != "litestage":
                ratios = [a / b for a, b in zip(ours, values, strict=True)]
                line += f"   ratio {spread(ratios, 2)}"
                if show_bounds and racer == "llama.cpp":
                    bound = BOUNDS.get(name, OTHER_BOUNDS)[kind]
                    ok = statistics.median(ratios) >= bound
                    good = good and ok
                    line += f"   {'holds' if ok else 'FAILS'}: expected at least {bound}"
            print(line, flush=True)
    return good


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="(default: 1 2)")
    parser.add_argument("--rounds", type=int, default=7, help="(default: %(default)s)")
    parser.add_argument("--decode-tokens", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--prefill-tokens", type=int, default=128, help="(default: %(default)s)")
    parser.add_argument("--defaults-only", action="store_true", help="leave out llama.cpp with huge pages")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"), help="(default: %(default)s)")
    parser.add_argument("--json", help="also write every round to this file")
    options = parser.parse_args()
    try:
        import llama_cpp
    except ModuleNotFoundError as error:
        sys.exit(f"speed.py: the Python package {error.name} is missing: pip install llama-cpp-python numpy")
    models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
    if not models:
        sys.exit(f"speed.py: no GGUF file in {cache}: pass --model FILE")
    good, everything = True, {}
    with tempfile.TemporaryDirectory() as folder:
        program = build_ours(pathlib.Path(folder), options.compiler)
        print(f"llama-cpp-python {llama_cpp.__version__}; {options.rounds} rounds; load {os.getloadavg()[0]:.1f}")
        for model in models:
            name = pathlib.Path(model).stem
            print(f"{name}: decode of {options.decode_tokens} tokens, prefill of {options.prefill_tokens}", flush=True)
            for threads in options.threads:
                results = race(model, threads, program, options)
                everything.setdefault(name, {})[threads] = results
                good = show(name, threads, results, threads == 1) and good
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(everything, indent=1) + "\n")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
