#!/usr/bin/env python3
"""Compares the speed of litestage and llama.cpp on the same GGUF files, and with the limits of the machine.

Cases (--cases) of every model, instruction set and number of threads:
  decode    tokens of one sequence, one after the other
  prefill   a prompt in one step
  batch     decoding of several sequences side by side, one new token for each in every step
  context   decoding of one sequence that already has many positions in the K/V cache

Every finished case is saved at once in the file that --json names. The same command, started again, goes on with the
cases that are missing, and with none missing writes the report and the picture anew. Run it on an idle machine: the
default cases of a model of 1.5 billion weights take more than an hour.

llama.cpp is llama-cpp-python, which the first start builds for every instruction set (~/.cache/litestage/peers). Needs
Linux on x86-64, a C++ compiler, CMake, Python with venv, and for the first start a network.
"""

import argparse
import datetime
import os
import pathlib
import shlex
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "compare_llama_cpp"), str(HERE.parent / "tests" / "crosscheck")]

from cases import KINDS, MOST_CONTEXT_ROUNDS, chosen_cases, room  # noqa: E402
from llama_builds import VERSION, build_for  # noqa: E402
from machine import NAME, ROOT, chosen_sets, commit, compiler_version, cpu_name, description, fail  # noqa: E402
from measuring import Measurement, Progress, Task, build  # noqa: E402
from picture import draw, expect_matplotlib  # noqa: E402
from racing import spread  # noqa: E402
from report import markdown, rates, rounded  # noqa: E402
from results_file import ResultsFile  # noqa: E402


def positive(text):
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a whole number from 1 on")
    return number


def add_sizes(parser):
    group = parser.add_argument_group("sizes of the cases")
    numbers = {"type": positive, "nargs": "+", "metavar": "N"}
    number = {"type": positive, "metavar": "N"}
    group.add_argument("--decode-tokens", **number, default=64, help="tokens of the case decode (default: 64)")
    group.add_argument("--prefill-tokens", **numbers, default=[128, 512],
                       help="tokens of each case prefill (default: 128 512)")
    group.add_argument("--sequences", **numbers, default=[4, 16, 32],
                       help="sequences of each case batch (default: 4 16 32)")
    group.add_argument("--batch-steps", **number, default=16, help="steps of a case batch (default: 16)")
    group.add_argument("--contexts", **numbers, default=[128, 2048, 7936],
                       help="positions of each case context; one that the model's configuration does not allow is left "
                            "out (default: 128 2048 7936)")
    group.add_argument("--context-tokens", **number, default=8, help="tokens of a case context (default: 8)")


def read_options(models_folder):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", action="extend", metavar="FILE",
                        help=f"GGUF files (default: all of {models_folder}, or of $LITESTAGE_MODELS)")
    parser.add_argument("--cases", nargs="+", choices=KINDS, default=list(KINDS), metavar="CASE",
                        help=f"{', '.join(KINDS)} (default: all)")
    parser.add_argument("--sets", nargs="+", metavar="SET",
                        help="instruction sets, avx2 and avx512 (default: those that this CPU has); kernels for "
                             "AVX-VNNI are not compared")
    parser.add_argument("--threads", type=positive, nargs="+", default=[1, 2], metavar="N", help="(default: 1 2)")
    parser.add_argument("--rounds", type=positive, default=7, metavar="N",
                        help=f"rounds of every case, at most {MOST_CONTEXT_ROUNDS} of a case context (default: 7)")
    parser.add_argument("--compiler", metavar="PROGRAM", default=os.environ.get("CXX", "g++"),
                        help="the C++ compiler, also of llama.cpp where it is built now (default: %(default)s)")
    add_sizes(parser)
    group = parser.add_argument_group("output")
    group.add_argument("--json", metavar="FILE", default=str(ROOT / "build" / "bench" / "compare_llama_cpp.json"),
                       help="every round of all finished cases (default: build/bench/compare_llama_cpp.json)")
    group.add_argument("--markdown", metavar="FILE", help="a report with tables (default: it is printed)")
    group.add_argument("--picture", metavar="FILE", help="the ratios as bars, as .svg, .png or .pdf; needs matplotlib")
    options = parser.parse_args()
    if options.picture:
        expect_matplotlib()
    return options


def models(options, folder):
    """{name: path} of the models."""
    paths = [pathlib.Path(path) for path in options.model or sorted(pathlib.Path(folder).glob("*.gguf"))]
    if not paths:
        fail(f"{folder}: found no GGUF file, expected one (examples/get_model.sh fetches models; --model names files)")
    found = {}
    for path in paths:
        if not path.is_file():
            fail(f"{path}: there is no such file, expected a GGUF file")
        if found.setdefault(path.stem, path) != path:
            fail(f"{found[path.stem]} and {path} have the same name, expected different ones")
    return found


def settings_of(options):
    return {"rounds": options.rounds, "decode_tokens": options.decode_tokens, "batch_steps": options.batch_steps,
            "context_tokens": options.context_tokens, "llama_cpp_python": VERSION, "commit": commit(),
            "compiler": compiler_version(options.compiler), "cpu": cpu_name()}


def summary(result):
    """One line for a case that has just been measured."""
    if "left_out" in result:
        return f"left out: {result['left_out']}"
    found = rates(result)
    return (f"{rounded(found['litestage'])} and {rounded(found['llama.cpp'])} tokens/s, "
            f"ratio {spread(found['ratio'], 2)}, {spread(found['share'], 0)} % of the limit")


def measure(tasks, cases, options, results):
    """Measures the tasks and saves each."""
    start = {"date": f"{datetime.datetime.now():%Y-%m-%d %H:%M}", "load": os.getloadavg()[0],
             "command": shlex.join(os.path.basename(word) for word in sys.argv), **description()}
    builds = {name: build_for(name, options.compiler) for name in dict.fromkeys(task.set for task in tasks)}
    for name, (_, about) in builds.items():
        results.add_build(name, about)
    programs = {name: build(name, options.compiler) for name in ("speed_ours", "machine_limits")}
    results.begin(start)
    progress = Progress(tasks, options.rounds)
    measurement = Measurement(programs, {name: python for name, (python, _) in builds.items()}, room(cases),
                              options.rounds)

    def save(result, seconds):
        results.add(result)
        progress.end(summary(result), seconds)

    measurement.run(tasks, progress.begin, save)


def write_outputs(options, results):
    report = markdown(results.data)
    try:
        for path in filter(None, (options.markdown, options.picture)):
            pathlib.Path(path).resolve().parent.mkdir(parents=True, exist_ok=True)
        if options.markdown:
            pathlib.Path(options.markdown).write_text(report, encoding="utf-8")
        else:
            print(f"\n{report}", end="")
        if options.picture and not draw(results.data, options.picture):
            fail("no case was measured, so there is nothing to draw")
    except (OSError, ValueError) as error:  # ValueError: matplotlib does not know the ending of the picture's name
        fail(f"the report or the picture cannot be written: {error}")
    print("written: " + ", ".join(str(path) for path in (results.path, options.markdown, options.picture) if path))


def compare(options, folder):
    paths, sets, cases = models(options, folder), chosen_sets(options.sets), chosen_cases(options)
    results = ResultsFile(options.json, settings_of(options))
    for name, path in paths.items():
        results.add_model(name, path)
    tasks = [Task(name, str(path), path.stat().st_size, instruction_set, threads, case)
             for name, path in paths.items() for instruction_set in sets
             for threads in sorted(set(options.threads)) for case in cases]
    finished = results.finished()
    missing = [task for task in tasks if task.key not in finished]
    print(f"{len(tasks)} cases, {len(tasks) - len(missing)} of them finished before ({results.path})", flush=True)
    if missing:
        measure(missing, cases, options, results)
    write_outputs(options, results)


def main():
    folder = os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage"))
    options = read_options(folder)
    try:
        compare(options, folder)
    except KeyboardInterrupt:
        print(f"\n{NAME}: interrupted; finished cases are in {options.json}, and the same command goes on with the "
              "others", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
