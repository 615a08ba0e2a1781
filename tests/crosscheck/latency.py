#!/usr/bin/env python3
"""Compares the latency model with the wall clock.

For each model file: measures a LatencyModel, then times random stages in interleaved rounds, and prints the errors of
the predictions and the differences of repeats of a stage from their median. The stages have random skipped sub-layers
and phases, numbers of branches, and lengths of prompts and answers; the latency probe measures none of them.

Exit code 0 if the median error is at most 5 % or 1.5 times the median difference of repeats, whichever is larger, and
the 90th percentile at most twice that. Run it on an idle machine.

Needs a C++ compiler.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from racing import build_ours


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", action="append", help=f"a GGUF file; may be repeated (default: all of {cache})")
    parser.add_argument("--threads", type=int, nargs="+", default=[1], help="(default: 1)")
    parser.add_argument("--seconds", type=float, default=15, help="time of the latency probe (default: %(default)s)")
    parser.add_argument("--configurations", type=int, default=30, help="number of random stages (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="how often each stage is timed (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random stages (default: %(default)s)")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"), help="(default: %(default)s)")
    options = parser.parse_args()
    models = options.model or sorted(str(path) for path in pathlib.Path(cache).glob("*.gguf"))
    if not models:
        sys.exit(f"latency.py: no GGUF file in {cache}: pass --model FILE")
    good = True
    with tempfile.TemporaryDirectory() as folder:
        program = build_ours(pathlib.Path(folder), options.compiler, "tests/crosscheck/latency_ours.cpp")
        for model in models:
            for threads in options.threads:
                print(f"{pathlib.Path(model).stem}, {threads} thread{'s' if threads > 1 else ''}; "
                      f"load {os.getloadavg()[0]:.1f}", flush=True)
                numbers = (threads, options.seconds, options.configurations, options.rounds, options.seed)
                good = subprocess.run([program, model, *map(str, numbers)]).returncode == 0 and good
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
