"""Reads the study's protocol, protocol.json: models, question sets, schedules, and the cells, each one run of a program.

A cell has an id, a kind, and what its command needs:
  plan        calibrate writes a plan.
  ranking     score measures every sub-layer alone: the log-probability that a text loses when the sub-layer is skipped.
  comparison  compare answers the questions with every method of the cell and times some.
"""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RESULTS = ROOT / "docs" / "results" / "study"
KINDS = ("plan", "ranking", "comparison")


class ProtocolError(Exception):
    """One sentence about what is wrong with the protocol or a result."""


def load(path=HERE / "protocol.json"):
    try:
        protocol = json.loads(pathlib.Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProtocolError(f"{path}: {error}") from error
    check(protocol, path)
    return protocol


def check(protocol, path):
    """Every name that a cell uses must be defined, before it is used."""
    seen = {}
    for cell in protocol["cells"]:
        where = f"{path}: cell {cell.get('id')!r}"
        if cell.get("kind") not in KINDS:
            raise ProtocolError(f"{where}: found kind {cell.get('kind')!r}, expected one of {', '.join(KINDS)}")
        if cell["id"] in seen:
            raise ProtocolError(f"{where} is there twice, expected different ids")
        for key, known in (("model", protocol["models"]), ("questions", protocol["questions"]),
                           ("stages", protocol["stages"])):
            if key in cell and cell[key] not in known:
                raise ProtocolError(f"{where}: found {key} {cell[key]!r}, expected one of {', '.join(known)}")
        for needed in needs(cell):
            if needed not in seen:
                raise ProtocolError(f"{where}: found {needed!r}, expected the id of an earlier cell")
        seen[cell["id"]] = cell


def needs(cell):
    """The ids of the cells whose results this cell's command reads."""
    found = [cell["plan"]] if "plan" in cell else []
    for own in cell.get("own", []):
        for key in ("of", "exit_of"):
            if key in own:
                found.append(own[key])
    return list(dict.fromkeys(found))


def cell_named(protocol, name):
    for cell in protocol["cells"]:
        if cell["id"] == name:
            return cell
    raise ProtocolError(f"found cell {name!r}, expected one of {', '.join(cell['id'] for cell in protocol['cells'])}")


def result_path(cell, results=RESULTS):
    """Where the finished cell is kept."""
    return results / ("plans" if cell["kind"] == "plan" else "cells") / f"{cell['id']}.json"


def read_result(cell, results=RESULTS):
    path = result_path(cell, results)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ProtocolError(f"{path}: there is no such file, expected the result of cell {cell['id']}; "
                            f"examples/study.py run {cell['id']} makes it") from error
    except ValueError as error:
        raise ProtocolError(f"{path}: {error}") from error
