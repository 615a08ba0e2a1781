"""Times programs in turns. Each program is a process that reads a command per line and answers with a line of JSON."""

import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Racer:
    """A running program. As a context manager it is ended whatever happens."""

    def __init__(self, command, environment=None):
        # In a session of its own, so that Ctrl-C reaches only the program that drives the race.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})}, start_new_session=True)
        try:
            self.about = self.answer()
        except BaseException:
            self.process.kill()
            raise

    def __enter__(self):
        return self

    def __exit__(self, error, *_):
        if error:
            self.process.kill()
        self.close()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            code = self.process.wait()
            # With exit code 1 the program itself has said what is wrong.
            sys.exit(1 if code == 1 else f"{self.process.args[0]} ended without an answer (exit code {code})")
        return json.loads(line)

    def run(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the program has ended, as answer() says
        found = self.answer()
        time.sleep(0.02)  # threads that spin after their work go to sleep before the turn of the next program
        return found

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()


def build_ours(folder, compiler, source, libraries=()):
    """Compiles a C++ program with the flags of the release preset. `source` is a path from the project's folder."""
    program = folder / pathlib.Path(source).stem
    command = [compiler, "-std=c++20", "-O2", "-DNDEBUG", f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests'}",
               "-I/usr/include/eigen3", str(ROOT / source), "-o", str(program), *libraries, "-pthread"]
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
