"""Measures cases: litestage, llama.cpp and the machine's limits answer in turns, in interleaved rounds."""

import contextlib
import itertools
import os
import pathlib
import subprocess
import tempfile
import time
from typing import NamedTuple

from cases import Case
from machine import ROOT, compiler_version, fail
from racing import Racer, build_ours, interleaved

HERE = pathlib.Path(__file__).resolve().parent
PROGRAMS = ROOT / "build" / "bench" / "compare_llama_cpp"


class Task(NamedTuple):
    """One case of one model under one instruction set, at a number of threads."""

    model: str
    path: str
    model_bytes: int
    set: str
    threads: int
    case: Case

    @property
    def process(self):
        """Tasks of equal values run in the same processes."""
        return self.model, self.set, self.threads, self.case.kind == "batch"

    @property
    def key(self):
        return self.model, self.set, self.threads, self.case.kind, self.case.size

    @property
    def title(self):
        return f"{self.model}, {self.set}, {self.threads} thread{'s' if self.threads > 1 else ''}, {self.case.name}"

    def work(self, rounds):
        return self.case.work(rounds) * self.model_bytes / self.threads


class Progress:
    """Says which case runs and how long the others may take, judged by the time of those that are done."""

    def __init__(self, tasks, rounds):
        self.left = [task.work(rounds) for task in tasks]
        self.count = len(tasks)
        self.done = self.seconds = 0

    def begin(self, task):
        togo = "time to go not known yet"
        if self.done > 0:
            seconds = self.seconds / self.done * sum(self.left)
            togo = f"about {seconds / 60:.0f} min to go" if seconds >= 90 else f"about {seconds:.0f} s to go"
        print(f"case {self.count - len(self.left) + 1} of {self.count}, {togo}: {task.title}", flush=True)

    def end(self, sentence, seconds):
        """`seconds`: 0 if the case was left out."""
        work = self.left.pop(0)
        if seconds > 0:
            self.done += work
            self.seconds += seconds
        print(f"  {sentence}", flush=True)


def build(name, compiler):
    """The path of a program of this folder, compiled if a header or the compiler has changed since."""
    program, stamp = PROGRAMS / name, PROGRAMS / f"{name}.compiler"
    source = HERE / f"{name}.cpp"
    version = compiler_version(compiler)
    headers = (path.stat().st_mtime for path in (ROOT / "include").rglob("*.hpp"))
    if program.exists() and stamp.exists() and stamp.read_text(encoding="utf-8") == version:
        if program.stat().st_mtime > max(source.stat().st_mtime, *headers):
            return str(program)
    print(f"compiling {source.relative_to(ROOT)}", flush=True)
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PROGRAMS) as folder:
        try:
            os.replace(build_ours(pathlib.Path(folder), compiler, source.relative_to(ROOT)), program)
        except subprocess.CalledProcessError:
            fail(f"{compiler} cannot compile {source.relative_to(ROOT)} (its messages are above)")
    stamp.write_text(version, encoding="utf-8")
    return str(program)


def measure(task, racers, rounds):
    """The result of one task, as it is saved: raw seconds and limits of every round, what the steps demand."""
    most = racers["litestage"].about["max_context"]
    result = {"model": task.model, "set": task.set, "threads": task.threads, "kind": task.case.kind,
              "size": task.case.size, "case": task.case.name}
    if task.case.positions > most:
        return {**result, "left_out": f"the model's context has {most} positions, this case takes "
                                      f"{task.case.positions}"}
    commands = {"litestage": task.case.command, "llama.cpp": task.case.command, "machine": "limits"}
    answers = interleaved(racers, commands, task.case.rounds(rounds))
    demand = {name: answers["litestage"][0][name] for name in ("weight_bytes", "cache_bytes", "operations")}
    limits = {name: [answer[name] for answer in answers["machine"]] for name in ("read_bandwidth", "integer_peak")}
    return {**result, "tokens": task.case.tokens, **demand,
            "litestage_seconds": [answer["seconds"] for answer in answers["litestage"]],
            "llama_cpp_seconds": [answer["seconds"] for answer in answers["llama.cpp"]], **limits}


class Measurement(NamedTuple):
    programs: dict  # {name of a C++ program: its path}
    pythons: dict   # {instruction set: the Python program that has llama.cpp}
    room: dict      # {is it a batch: (sequences, positions of each)}
    rounds: int

    def start(self, task, stack):
        """{name: Racer}: the three programs for this task, which run until the stack is left."""
        room = self.room[task.case.kind == "batch"]
        model = [task.path, *(str(number) for number in (task.threads, *room))]
        commands = {"litestage": [self.programs["speed_ours"], *model],
                    "llama.cpp": [self.pythons[task.set], str(HERE / "speed_llama.py"), *model],
                    "machine": [self.programs["machine_limits"], task.set, str(task.threads)]}
        racers = {name: stack.enter_context(Racer(command, {"LITESTAGE_ISA": task.set}))
                  for name, command in commands.items()}
        found = racers["litestage"].about["instruction_set"]
        if found != task.set:
            fail(f"litestage: found instruction set {found}, expected {task.set}")
        return racers

    def run(self, tasks, on_begin, on_result):
        """Measures all tasks. Those that follow each other and agree in `process` share the running programs."""
        for _, group in itertools.groupby(tasks, key=lambda task: task.process):
            with contextlib.ExitStack() as stack:
                racers = None
                for task in group:
                    on_begin(task)
                    racers = racers or self.start(task, stack)
                    begun = time.monotonic()
                    result = measure(task, racers, self.rounds)
                    on_result(result, 0 if "left_out" in result else time.monotonic() - begun)
