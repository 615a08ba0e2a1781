#!/usr/bin/env python3
"""Times decoding with skipped layers, and compares the speed-up with the one that the bytes of unread weights predict.

With k of L layers skipped (attention and MLP, evenly spread, by the static skip policy, which decides anew for every
token), a token reads bytes(k) = head + the packed matrices of L - k layers. Skipping has no overhead if
speed(k) / speed(0) = bytes(0) / bytes(k). The efficiency is the left side divided by the right side, with speed(0) from
the same round. Exit code 0 if its median is >= 0.95 for every k. Run it on an idle machine.

Needs a C++ compiler.
"""

import argparse
import json
import os
import pathlib
import statistics
import sys
import tempfile

from racing import Racer, build_ours, interleaved, spread

LEAST_EFFICIENCY = 0.95


def spec(k, layers):
    chosen = [(2 * i + 1) * layers // (2 * k) for i in range(k)]
    return "never" if k == 0 else "static:all=" + "/".join(f"a{layer}/m{layer}" for layer in chosen)


def main():
    cache = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", default=os.path.join(cache, "smollm2-135m.gguf"), help="(default: %(default)s)")
    parser.add_argument("--layers", type=int, default=30, help="number of layers of the model (default: %(default)s)")
    parser.add_argument("--skip", type=int, nargs="+", default=[5, 10, 15], help="values of k (default: 5 10 15)")
    parser.add_argument("--threads", type=int, default=1, help="(default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=11, help="(default: %(default)s)")
    parser.add_argument("--decode-tokens", type=int, default=64, help="(default: %(default)s)")
    parser.add_argument("--compiler", default=os.environ.get("CXX", "g++"), help="(default: %(default)s)")
    parser.add_argument("--json", help="also write every round to this file")
    options = parser.parse_args()
    counts = [0, *options.skip]
    with tempfile.TemporaryDirectory() as folder:
        program = build_ours(pathlib.Path(folder), options.compiler, "bench/compare_llama_cpp/speed_ours.cpp")
        racer = Racer([program, options.model, str(options.threads), "1", "2048"])
        commands = {k: f"decode {options.decode_tokens} {spec(k, options.layers)}" for k in counts}
        answers = interleaved({k: racer for k in counts}, commands, options.rounds)
        racer.close()
    print(f"{pathlib.Path(options.model).stem}, {options.threads} thread(s), {options.rounds} rounds of "
          f"{options.decode_tokens} tokens, load {os.getloadavg()[0]:.1f}")
    good = True
    for k in counts:
        speeds = [options.decode_tokens / a["seconds"] for a in answers[k]]
        size = answers[k][0]["weight_bytes"] / options.decode_tokens
        predicted = answers[0][0]["weight_bytes"] / answers[k][0]["weight_bytes"]
        gains = [base["seconds"] / a["seconds"] for base, a in zip(answers[0], answers[k], strict=True)]
        efficiencies = [gain / predicted for gain in gains]
        ok = statistics.median(efficiencies) >= LEAST_EFFICIENCY
        good = good and ok
        print(f"  k = {k:2}: {spread(speeds):24} tokens/s, {size / 1e6:6.1f} MB a token, predicted x{predicted:.3f}, "
              f"measured x{statistics.median(gains):.3f}, efficiency {spread(efficiencies, 3)}"
              + ("" if k == 0 else f"   {'holds' if ok else 'FAILS'}: expected at least {LEAST_EFFICIENCY}"))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(answers, indent=1) + "\n")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
