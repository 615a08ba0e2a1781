#!/usr/bin/env python3
"""Kills a search at random moments (SIGKILL) and restarts it until it ends by itself, then compares it with an
uninterrupted search: the plans must be equal byte for byte, and no record of the journal may be missing or doubled.
Both searches start with the same latency model, because two measurements of it are never equal.

    tests/crosscheck/killed_search.py --calibrate build/release/examples/calibrate --kills 50 [-- OPTIONS of calibrate]
"""

import argparse
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time


def records(journal):
    lines = [json.loads(line)["record"] for line in journal.read_text().splitlines()]
    return [json.dumps(r, sort_keys=True) for r in lines[1:]]


def untimed(text):
    """The record without the times of its batch."""
    record = json.loads(text)
    for key in ("prefill_s", "decode_s"):
        record.get("report", {}).pop(key, None)
    return json.dumps(record, sort_keys=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calibrate", required=True, help="the program")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("options", nargs="*", help="options of calibrate")
    args = parser.parse_args()
    rng = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = (pathlib.Path(folder) / name for name in ("whole.json", "killed.json"))
        command = [args.calibrate, "--quiet", "--check-latency", "0", *args.options]
        start = time.monotonic()
        first = subprocess.run([*command, "--plan", whole], capture_output=True, text=True)
        if first.returncode != 0:
            sys.exit(first.stderr)
        seconds = time.monotonic() - start
        journals = [p.with_suffix(".json.journal") for p in (whole, killed)]
        with open(journals[0]) as source:
            head = [next(source), next(source)]  # identity, latency model
        assert '"latency"' in head[1]
        journals[1].write_text("".join(head))
        # Spreads the kills over the run: the mean time of a try is about the time of the run divided by the kills.
        kills = 0
        while True:
            process = subprocess.Popen([*command, "--plan", killed], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            if kills == args.kills:
                process.wait()
            else:
                try:
                    process.wait(rng.uniform(0.2, 2 * seconds / args.kills + 0.6))
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    kills += 1
                    continue
            if process.returncode != 0:
                sys.exit(process.stderr.read().decode())
            if kills == args.kills:
                break
            killed.unlink()  # ended before enough kills: the search goes on from an earlier state of its journal
            lines = journals[1].read_text().splitlines(keepends=True)
            journals[1].write_text("".join(lines[: max(2, rng.randrange(len(lines)))]))
        found, expected = [untimed(r) for r in records(journals[1])], [untimed(r) for r in records(journals[0])]
        failures = []
        if killed.read_bytes() != whole.read_bytes():
            failures.append("the plans differ")
            for path in (killed, whole, *journals):
                shutil.copy(path, pathlib.Path(tempfile.gettempdir()) / f"differs_{path.name}")
        if len(set(found)) != len(found):
            failures.append("a record is there twice")
        if set(found) != set(expected):
            failures.append(f"{len(set(expected) - set(found))} records are missing, "
                            f"{len(set(found) - set(expected))} are too many")
        print(f"killed {kills} times; {len(found)} records; uninterrupted {seconds:.1f} s")
        sys.exit("; ".join(failures) or 0)


if __name__ == "__main__":
    main()
