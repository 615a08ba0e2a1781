#!/usr/bin/env python3
"""The study: what stage-wise skipping and early exit buy. examples/study/protocol.json says what is run.

  study.py list                 the cells, and which are finished
  study.py run CELL...          runs cells (or: run next, run all), each from its journal, and keeps the results
  study.py report               writes docs/results/study.md and the data of its pictures from the results
  study.py draw                 draws the pictures; needs matplotlib
  study.py check                says whether the report is what the results give; exits with 1 if it is not

Results are in docs/results/study: ids, answers, counts and times, but no text of a data set. All answers are made with
the kernels for AVX2, so they can be made again token for token on any machine.
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "study"))

import pictures  # noqa: E402
import report  # noqa: E402
import running  # noqa: E402
from protocol import ROOT, ProtocolError, cell_named, load, needs, result_path  # noqa: E402


def read_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["list", "run", "report", "draw", "check"])
    parser.add_argument("cells", nargs="*", metavar="CELL", help="of run: ids of cells, or next, or all")
    parser.add_argument("--programs", default=str(ROOT / "build" / "release" / "examples"), metavar="FOLDER",
                        help="the programs (default: build/release/examples)")
    parser.add_argument("--models", default=os.environ.get("LITESTAGE_MODELS", os.path.expanduser("~/.cache/litestage")),
                        metavar="FOLDER", help="GGUF files (default: $LITESTAGE_MODELS or ~/.cache/litestage)")
    parser.add_argument("--data", default=os.environ.get("LITESTAGE_DATA", "data"), metavar="FOLDER",
                        help="the data sets: gsm8k, obqa, csqa and strategyqa (default: $LITESTAGE_DATA)")
    parser.add_argument("--work", default=str(ROOT / "build" / "study"), metavar="FOLDER",
                        help="journals and other unfinished work (default: build/study)")
    options = parser.parse_args()
    if options.action == "run" and not options.cells:
        parser.error("run: found no CELL, expected ids of cells, next, or all")
    if options.action != "run" and options.cells:
        parser.error(f"{options.action}: found {' '.join(options.cells)}, expected no CELL")
    return options


def unfinished(protocol):
    return [cell for cell in protocol["cells"] if not result_path(cell).exists()]


def chosen(protocol, names):
    if names == ["all"]:
        return unfinished(protocol)
    if names == ["next"]:
        return unfinished(protocol)[:1]
    return [cell_named(protocol, name) for name in names]


def list_cells(protocol):
    for cell in protocol["cells"]:
        state = "finished" if result_path(cell).exists() else "to do"
        after = f", after {', '.join(needs(cell))}" if needs(cell) else ""
        print(f"{cell['id']:34} {state:9} {cell['kind']}, {cell['model']}, {cell['count']} questions of "
              f"{cell['questions']}, about {cell['minutes']} min{after}")
    print(f"{sum(cell['minutes'] for cell in unfinished(protocol)) / 60:.1f} hours to go on two cores")


def act(options):
    protocol = load()
    if options.action == "list":
        list_cells(protocol)
    elif options.action == "run":
        place = running.Place(options.programs, options.models, options.data, options.work)
        for cell in chosen(protocol, options.cells):
            running.run(protocol, place, cell)
    elif options.action == "report":
        report.write(protocol)
    elif options.action == "draw":
        pictures.draw(report.POINTS)
    else:
        wrong = report.differences(protocol)
        for path in wrong:
            print(f"{path.relative_to(ROOT)}: differs from what the results give; examples/study.py report writes it",
                  file=sys.stderr)
        return 1 if wrong else 0
    return 0


def main():
    try:
        sys.exit(act(read_options()))
    except ProtocolError as error:
        print(f"study.py: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("study.py: stopped; the same command goes on", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
