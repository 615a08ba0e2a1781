#!/usr/bin/env python3
"""Measures what looking ahead costs, and compares it with what the latency model predicts.

Runs the same questions at batch 1 with and without an exit policy that looks ahead and whose threshold nothing reaches,
in turns, under the stages `cot`. The texts must be the same. Run it on an idle machine.

Needs a C++ compiler.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

from racing import build_ours

EXITS = ("entropy_after_marker:threshold=0,at=line", "trial_answer:threshold=1,most=0",
         "trial_answer:threshold=1,most=4")


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=f"{cache}/qwen2.5-coder-0.5b.gguf", help="(default: %(default)s)")
    parser.add_argument("--task", default="gsm8k", help="(default: %(default)s)")
    parser.add_argument("--data", required=True, help="questions of the task")
    parser.add_argument("--questions", type=int, default=20, help="(default: %(default)s)")
    parser.add_argument("--reason-tokens", type=int, default=320, help="cap of the reasoning (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=15, help="time of the latency probe (default: %(default)s)")
    parser.add_argument("--exit", action="append", help=f"may be repeated (default: {' '.join(EXITS)})")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"), help="(default: %(default)s)")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = build_ours(pathlib.Path(folder), o.compiler, "tests/crosscheck/look_ahead_ours.cpp",
                             ["-lpcre2-8", "-lxxhash"])
        print(f"{pathlib.Path(o.model).stem}, {o.threads} threads, {o.questions} questions; load {os.getloadavg()[0]:.1f}",
              flush=True)
        numbers = (o.questions, o.reason_tokens, o.threads, o.seconds)
        sys.exit(subprocess.run([program, o.model, o.task, o.data, *map(str, numbers), *(o.exit or EXITS)]).returncode)


if __name__ == "__main__":
    main()
