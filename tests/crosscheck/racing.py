"""Times programs in turns. Each program is a process that reads a command per line and answers with a line of JSON."""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Racer:
    def __init__(self, command, environment=None):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.about = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[0]} ended without an answer")
        return json.loads(line)

    def run(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        found = self.answer()
        time.sleep(0.02)  # threads that spin after their work go to sleep before the turn of the next program
        return found

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build_ours(folder, compiler, name="speed_ours", libraries=()):
    """Compiles a C++ program of this folder with the flags of the release preset."""
    program = folder / name
    command = [compiler, "-std=c++20", "-O2", "-DNDEBUG", f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests'}",
               "-I/usr/include/eigen3", str(HERE / f"{name}.cpp"), "-o", str(program), *libraries, "-pthread"]
    subprocess.run(command, check=True)
    return str(program)


def interleaved(racers, command, rounds):
    """{name: [answers]}: after a warm-up, every program answers once a round; a different one starts each round."""
    names = list(racers)
    for name in names:
        racers[name].run(command[name] if isinstance(command, dict) else command)
    answers = {name: [] for name in names}
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            answers[name].append(racers[name].run(command[name] if isinstance(command, dict) else command))
    return answers


def spread(values, digits=1):
    """median [smallest..largest]"""
    return f"{statistics.median(values):.{digits}f} [{min(values):.{digits}f}..{max(values):.{digits}f}]"
