#!/usr/bin/env python3
"""llama.cpp's side of speed.py, which runs it: commands and answers are those of speed_ours.cpp.

    speed_llama.py MODEL THREADS MMAP       MMAP is 1 (llama.cpp's default) or 0
"""

import json
import sys
import time

import llama_cpp
from llama_engine import LlamaCpp

PROMPT_TOKENS = 16


def token(position):
    return 100 + position * 37 % 1000


def prefill(engine, n):
    engine.clear()
    engine.fill(engine.batch, [token(i) for i in range(n)], 0, every=False)
    started = time.perf_counter()
    engine.decode(engine.batch)
    llama_cpp.llama_get_logits(engine.context)  # waits for the result
    return time.perf_counter() - started


def decode(engine, n):
    prefill(engine, PROMPT_TOKENS)
    one = engine.one
    engine.fill(one, [0], 0, every=True)
    started = time.perf_counter()
    for position in range(PROMPT_TOKENS, PROMPT_TOKENS + n):
        one.token[0] = token(position)
        one.pos[0] = position
        engine.decode(one)
        llama_cpp.llama_get_logits(engine.context)
    return time.perf_counter() - started


def main():
    model, threads, mmap = sys.argv[1:]
    engine = LlamaCpp(model, int(threads), 2048, mmap=mmap == "1")
    print(json.dumps({"ready": True, "version": llama_cpp.__version__}), flush=True)
    for line in sys.stdin:
        command, n, _ = line.split()
        seconds = {"decode": decode, "prefill": prefill}[command](engine, int(n))
        print(json.dumps({"seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
