#!/usr/bin/env python3
"""Checks the scripts of the study (examples/study.py) on made-up results: statistics, methods, tables, and that a report
whose figures were changed is noticed."""

import json
import pathlib
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "examples" / "study"))
sys.dont_write_bytecode = True

import cell_file  # noqa: E402
import methods  # noqa: E402
import protocol  # noqa: E402
import report  # noqa: E402
import statistics_of  # noqa: E402
import tables  # noqa: E402


def equal(found, expected, what):
    if found != expected:
        sys.exit(f"{what}: found {found!r}, expected {expected!r}")


def fails(words, call, *arguments):
    try:
        call(*arguments)
    except protocol.ProtocolError as error:
        if words not in str(error):
            sys.exit(f"found the error {error}, expected one with {words!r}")
        return
    sys.exit(f"{call.__name__}: found no error, expected one with {words!r}")


def statistics():
    # Two-sided binomial tests with p = 1/2: 2 * (1 + 10) / 2^10, 2 * (1 + 5) / 2^5, and a tie.
    equal(statistics_of.exact_p(1, 9), 22 / 1024, "1 against 9")
    equal(statistics_of.exact_p(4, 1), 12 / 32, "4 against 1")
    equal(statistics_of.exact_p(3, 3), 1.0, "3 against 3")
    equal(statistics_of.exact_p(0, 0), 1.0, "no difference")
    # Holm: 0.01 * 3, then the larger of that and 0.02 * 2, then 0.4 alone.
    equal(statistics_of.holm([0.02, 0.4, 0.01]), [0.04, 0.4, 0.03], "Holm's correction")
    equal(statistics_of.holm([0.03, 0.03]), [0.06, 0.06], "equal values")
    equal(statistics_of.holm([0.9, 0.8]), [1.0, 1.0], "at most 1")


def proportion(hits, trials):
    return {"value": hits / trials, "low": 0.1, "high": 0.9, "hits": hits, "trials": trials}


def method(name, predicted, p, seconds=None):
    """As compare writes it, with the keys that the study reads."""
    answers = [{"predicted": answer, "stages": [{"name": "plan", "generated_tokens": 3},
                                                {"name": "state", "generated_tokens": 4 + i}]}
               for i, answer in enumerate(predicted)]
    speed = {"questions": 0}
    if seconds:
        answers[0]["timed"] = {"seconds": seconds, "stages": []}
        ratio = {"value": 2.0, "low": 1.5, "high": 2.5}
        speed = {"questions": 1, "seconds_per_question": seconds, "speed_up": ratio, "fewer_tokens": ratio,
                 "faster_token": 1.0}
    hits = sum(answer == gold for answer, gold in zip(predicted, ["4", "5", "6"], strict=True))
    difference = {"value": 0.0, "low": -0.2, "high": 0.2, "p_value": p}
    return {"name": name, "setting": "", "policies": None, "missing": None, "same_as": None, "answers": answers,
            "summary": {"accuracy": proportion(hits, 3), "difference": difference, "speed": speed,
                        "tokens_per_question": 8.0, "sublayers_skipped_mean": 1.5}}


def made_up_comparison():
    facts = {"model": {}, "instruction_set": "avx2", "threads": 2, "kv": "f16", "context": 9, "batch": 1, "task": "gsm8k",
             "metric": "extracted", "data": {}, "plan": None, "warnings": []}
    golds = ["4", ["5", "7"], "6"]
    return {**facts, "questions": [{"id": str(i), "gold": gold} for i, gold in enumerate(golds)],
            "methods": [method("full depth", ["4", "7", "1"], 1, 2.0), method("mine", ["4", "5", "6"], 0.02, 1.0),
                        method("other", [None, "7", "1"], 0.04),
                        {"name": "absent", "setting": "", "policies": None, "missing": "no plan", "same_as": None}]}


def cells():
    result = {"cell": "made-up", **cell_file.compact(made_up_comparison())}
    text = cell_file.text_of(result)
    equal(json.loads(text), result, "a kept cell read back")
    equal(statistics_of.right(result, result["methods"][0]), [True, True, False], "several right answers")
    equal(statistics_of.paired(result, result["methods"][1], result["methods"][2])[:2], (2, 0), "only one right")
    equal(result["methods"][1]["seconds"], [1.0], "seconds")
    equal(statistics_of.tokens_per_question(result["methods"][0]), 8.0, "tokens")
    equal("answers" in text or "timed" in text, False, "what is not kept")
    return result


def rankings():
    stages = [{"norm_ratio": [1.5, 1.0, 0.9, 1.2], "layer_cosine": [0.5, 0.9]},
              {"norm_ratio": [1.5, 1.0, 0.7, 1.2], "layer_cosine": [0.7, 0.9]}]
    plan = {"ranking": ["m1", "a1", "m0", "a0"], "importance": {"stages": stages},
            "budgets": [{"stage": "plan", "count": 3}, {"stage": "state", "count": 1}]}
    equal(methods.ranking_of(plan, {}), ["m1", "a1", "m0", "a0"], "cosine")
    equal(methods.ranking_of(plan, {"by": "norm_ratio"}), ["m0", "a1", "m1", "a0"], "norm ratio")
    equal(methods.ranking_of(plan, {"by": "block_influence"}), ["m1", "a1", "m0", "a0"], "block influence")
    first, second = (methods.ranking_of(plan, {"by": "random", "seed": seed}) for seed in (1, 2))
    equal(sorted(first), ["a0", "a1", "m0", "m1"], "a random ranking")
    equal(first, methods.ranking_of(plan, {"by": "random", "seed": 1}), "the same seed")
    equal(first != second, True, "different seeds")
    equal(methods.budgets_of(plan, {"budgets": "plan", "shift": -2}), {"plan": 1, "state": 0}, "shifted budgets")
    fails("found by 'colour'", methods.ranking_of, plan, {"name": "x", "by": "colour"})


def protocols():
    cell = {"id": "a", "kind": "comparison", "model": "m", "questions": "q", "stages": "s"}
    good = {"models": {"m": ""}, "questions": {"q": {}}, "stages": {"s": {}}, "cells": [cell]}
    protocol.check(good, "p")
    fails("found model 'x'", protocol.check, {**good, "cells": [{**cell, "model": "x"}]}, "p")
    fails("found 'b', expected the id of an earlier cell", protocol.check, {**good, "cells": [{**cell, "plan": "b"}]}, "p")
    fails("is there twice", protocol.check, {**good, "cells": [cell, cell]}, "p")
    fails("found kind None", protocol.check, {**good, "cells": [{"id": "a"}]}, "p")


def reports(result):
    made = {"cells": [{"id": "made-up", "kind": "comparison", "picture": "a picture"}]}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "cells").mkdir()
        (folder / "cells" / "made-up.json").write_text(cell_file.text_of(result), encoding="utf-8")
        for module in (tables, report):
            module.read_result = lambda cell: protocol.read_result(cell, folder)
        report.TEMPLATE, report.REPORT, report.POINTS = (folder / name for name in ("t.md", "r.md", "p.json"))
        report.TEMPLATE.write_text("Mine: {{value|made-up|mine|accuracy}} %.\n\n{{methods|made-up}}\n\n"
                                   "{{pairs|made-up|mine > other}}\n", encoding="utf-8")
        report.write(made)
        text = report.REPORT.read_text(encoding="utf-8")
        equal("Mine: 100.0 %." in text, True, "a figure in a sentence")
        equal("| mine | 100.0 (10.0 to 90.0) | +0.0 (-20.0 to +20.0) | 0.020 | 0.040 | 8.0 | 1.5 | 1.00 | 2.00 (1.50 to "
              "2.50) | 2.00 | 1.00 |" in text, True, f"a row of the table in\n{text}")
        equal("* absent: not run, no plan." in text, True, "a method that was not run")
        equal("| mine | other | 100.0 | 33.3 | 2 | 0 | 0.500 |" in text, True, f"a pair in\n{text}")
        equal(report.differences(made), [], "an unchanged report")
        report.REPORT.write_text(text.replace("Mine: 100.0", "Mine: 90.0"), encoding="utf-8")
        equal(report.differences(made), [report.REPORT], "a changed report")
        report.TEMPLATE.write_text("{{colour|made-up}}", encoding="utf-8")
        fails("found {{colour}}", report.report_text, made)


def kept_report():
    """The report that is kept is what the kept results give."""
    wrong = report.differences(protocol.load())
    equal([path.name for path in wrong], [], "what differs from the results; examples/study.py report writes it")


kept_report()
statistics()
rankings()
protocols()
reports(cells())
print("the scripts of the study do what they say")
