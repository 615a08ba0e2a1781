#!/usr/bin/env python3
"""llama.cpp's side of bench/compare_llama_cpp.py, which runs it. Commands are those of speed_ours.cpp.

    speed_llama.py MODEL THREADS SEQUENCES CAPACITY     CAPACITY: positions of one sequence

An answer has the seconds. Settings are llama.cpp's defaults: K/V in F16, flash attention as it chooses, weights mapped
from the file or repacked as it chooses.
"""

import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "crosscheck"))

import llama_cpp  # noqa: E402
from llama_engine import LlamaCpp  # noqa: E402

PROMPT_TOKENS = 16
LARGEST_STEP = 512  # rows of one step while a context is filled


class Runner:
    def __init__(self, model, threads, sequences, capacity):
        self.engine = LlamaCpp(model, threads, capacity, sequences=sequences)
        self.memory = llama_cpp.llama_get_memory(self.engine.context)
        self.length = 0  # positions of the first sequence

    def token(self, position):
        return (100 + position * 37 % 1000) % self.engine.n_vocab

    def step(self, batch):
        self.engine.decode(batch)
        llama_cpp.llama_get_logits(self.engine.context)  # waits for the result

    def append(self, n):
        """Prepares the next n tokens of the first sequence as one step."""
        self.engine.fill(self.engine.batch, [self.token(self.length + i) for i in range(n)], self.length, every=False)
        self.length += n

    def clear(self):
        self.engine.clear()
        self.length = 0

    def truncate(self, length):
        if not llama_cpp.llama_memory_seq_rm(self.memory, 0, length, -1):
            raise SystemExit("llama.cpp cannot cut this model's K/V cache back")
        self.length = length

    def seconds_of_single_tokens(self, n):
        one = self.engine.one
        self.engine.fill(one, [0], 0, every=True)
        started = time.perf_counter()
        for position in range(self.length, self.length + n):
            one.token[0] = self.token(position)
            one.pos[0] = position
            self.step(one)
        self.length += n
        return time.perf_counter() - started

    def prefill(self, n):
        self.clear()
        self.append(n)
        started = time.perf_counter()
        self.step(self.engine.batch)
        return time.perf_counter() - started

    def decode(self, n):
        self.prefill(PROMPT_TOKENS)
        return self.seconds_of_single_tokens(n)

    def context(self, positions, n):
        if self.length > positions:
            self.truncate(positions)
        while self.length < positions:
            self.append(min(LARGEST_STEP, positions - self.length))
            self.step(self.engine.batch)
        seconds = self.seconds_of_single_tokens(n)
        self.truncate(positions)
        return seconds

    def fill_batch(self, sequences, position):
        """Prepares one step: the token of this position for each of the first sequences."""
        batch = self.engine.batch
        batch.n_tokens = sequences
        for sequence in range(sequences):
            batch.token[sequence] = self.token(position)
            batch.pos[sequence] = position
            batch.n_seq_id[sequence] = 1
            batch.seq_id[sequence][0] = sequence
            batch.logits[sequence] = 1

    def batch(self, sequences, n):
        self.clear()
        seconds = 0
        for position in range(PROMPT_TOKENS + n):
            self.fill_batch(sequences, position)
            started = time.perf_counter()
            self.step(self.engine.batch)
            seconds += time.perf_counter() - started if position >= PROMPT_TOKENS else 0
        return seconds


def main():
    model, *numbers = sys.argv[1:]
    runner = Runner(model, *(int(number) for number in numbers))
    print(json.dumps({"version": llama_cpp.__version__}), flush=True)
    for line in sys.stdin:
        command, *numbers = line.split()
        if command not in ("decode", "prefill", "batch", "context"):
            raise SystemExit(f"speed_llama.py: found {line!r}, expected decode N, prefill N, batch B N or context C N")
        seconds = getattr(runner, command)(*(int(number) for number in numbers))
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
