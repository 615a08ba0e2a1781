"""Writes docs/results/study.md from the template report.md: every figure in it comes from the kept results."""

import json
import re

from protocol import HERE, RESULTS, ProtocolError, read_result
from tables import DIRECTIVES, runs_of

TEMPLATE = HERE / "report.md"
REPORT = RESULTS.parent / "study.md"
POINTS = RESULTS / "pictures.json"
NOTE = "<!-- Written by examples/study.py report from examples/study/report.md; edit that file. -->\n\n"


def replaced(protocol, match):
    """{{name|argument|...}} of the template."""
    name, *arguments = (part.strip() for part in match.group(1).split("|"))
    if name not in DIRECTIVES:
        raise ProtocolError(f"{TEMPLATE}: found {{{{{name}}}}}, expected one of {', '.join(DIRECTIVES)}")
    return DIRECTIVES[name](protocol, *arguments)


def report_text(protocol):
    template = TEMPLATE.read_text(encoding="utf-8")
    return NOTE + re.sub(r"\{\{(.+?)\}\}", lambda match: replaced(protocol, match), template, flags=re.DOTALL)


def points_of(result):
    """What the picture of a cell shows: accuracy and speed-up or tokens of every method."""
    points = []
    for method in runs_of(result)[0]:
        summary = method["summary"]
        speed_up = summary["speed"].get("speed_up") if summary["speed"]["questions"] else None
        points.append({"name": method["name"], "same_as": method["same_as"], "accuracy": summary["accuracy"],
                       "tokens": round(summary["tokens_per_question"], 2),
                       "skipped": round(summary["sublayers_skipped_mean"], 3), "speed_up": speed_up})
    return points


def points_text(protocol):
    """The data behind the pictures, as JSON."""
    found = {}
    for cell in protocol["cells"]:
        if cell["kind"] != "comparison" or "picture" not in cell:
            continue
        try:
            found[cell["id"]] = {"picture": cell["picture"], "methods": points_of(read_result(cell))}
        except ProtocolError:
            continue
    return json.dumps(found, indent=1) + "\n"


def outputs(protocol):
    """{path: text} of everything that is made from the results."""
    return {REPORT: report_text(protocol), POINTS: points_text(protocol)}


def write(protocol):
    for path, text in outputs(protocol).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def differences(protocol):
    """The files that differ from what their results give."""
    wrong = []
    for path, text in outputs(protocol).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            wrong.append(path)
    return wrong
