#!/usr/bin/env python3
"""Recomputes the solutions of examples/data/arithmetic_*.jsonl, and checks that the two files are balanced alike and
that the worked examples in the prompts of examples/data/arithmetic are right, the same, and none of the problems.

    tests/arithmetic_problems.py              check; prints each fault
    tests/arithmetic_problems.py --selftest   show that each check catches a file that breaks it
"""

import collections
import copy
import fractions
import itertools
import json
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "examples/data"
HALVES = ["arithmetic_calibration.jsonl", "arithmetic_test.jsonl"]
PROBLEMS, STEPS = 48, 4  # problems of a half; they have 1 to STEPS steps

NUMBER = r"\d+(?:\.\d+)?"
LINE = re.compile(rf"[A-Z][^:=\d]*: ({NUMBER}) ([-+*/]) ({NUMBER}) = ({NUMBER})")
OPERATIONS = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b}
# Words that state a number which a solution may use.
WORDS = {"three": 3, "five": 5, "six": 6, "seven": 7, "eight": 8, "dozen": 12, "half": 2, "quarter": 4, "doubled": 2,
         "rectangular": 2, "weeks": 7}
# Largest share of common words of two problems: the words of both, as a part of the words of either. It is 1 where only
# the numbers differ. The two most alike of ours share 0.39, all of them words such as "how many" and "of".
LIKENESS = 0.4


def number(text):
    return fractions.Fraction(text)


def written(value):
    """The number as the last line states it: no exponent, no zeros at the end."""
    return str(int(value)) if value == int(value) else repr(float(value))


def words(question):
    return set(re.findall(r"[^\W\d_]+", question.lower()))


def solution_faults(record):
    """What is wrong with the solution of one problem."""
    *lines, last = record["answer"].split("\n")
    digits = [number(n) for n in re.findall(NUMBER, record["question"])]
    known = set(digits) | {fractions.Fraction(WORDS[w]) for w in words(record["question"]) & set(WORDS)}
    used, results = set(), []
    for line in lines:
        match = LINE.fullmatch(line)
        if not match:
            yield f"the line is not 'Words: a + b = c': {line!r}"
            return
        left, right, result = (number(match[i]) for i in (1, 3, 4))
        if OPERATIONS[match[2]](left, right) != result:
            yield f"the equation is wrong: {line!r}"
        for operand in (left, right):
            if operand not in known and operand not in results:
                yield f"{written(operand)} is neither in the question nor a result: {line!r}"
        used |= {left, right}
        results.append(result)
    if record["steps"] != len(lines):
        yield f"expected {record['steps']} lines with an equation, found {len(lines)}"
    for unused in (set(digits) | set(results[:-1])) - used:
        yield f"{written(unused)} is not used"
    if results and last != "#### " + written(results[-1]):
        yield f"expected the last line '#### {written(results[-1])}', found {last!r}"
    if results and results[-1] in digits:
        yield f"the answer {written(results[-1])} is a number of the question, so that copying finds it"


def operations(records):
    """(steps, operation) -> how often the solutions of the half have it."""
    return collections.Counter((r["steps"], op) for r in records for op in re.findall(r" ([-+*/]) ", r["answer"]))


def share(a, b):
    """(common words, words of either) of two questions."""
    return len(words(a) & words(b)), len(words(a) | words(b))


def examples(text):
    """[(question, solution or "", answer)] of a prompt."""
    return re.findall(r"Problem: (.+)\n(?:Solution: (.+)\n)?The answer is (.+)\.\n", text)


def example_faults(reason, direct, problems):
    """What is wrong with the worked examples of the two prompts."""
    if not examples(reason):
        yield "the prompt has no example"
    if [(q, a) for q, _, a in examples(reason)] != [(q, a) for q, _, a in examples(direct)]:
        yield "direct.json has other examples than reason.json, so it is no control"
    for question, solution, answer in examples(reason):
        equations = re.findall(rf"({NUMBER}) ([-+*/]) ({NUMBER}) = ({NUMBER})", solution)
        for left, operation, right, result in equations:
            if OPERATIONS[operation](number(left), number(right)) != number(result):
                yield f"an equation of the example is wrong: {left} {operation} {right} = {result}"
        if not equations or equations[-1][-1] != answer:
            yield f"the example does not end in its answer: {question}"
        for problem in problems:
            common, either = share(question, problem["question"])
            if common > LIKENESS * either:
                yield f"an example is {problem['id']} again: they share {common} of {either} words"


def faults(halves):
    everything = [r for records in halves.values() for r in records]
    for record in everything:
        if [*record] != ["id", "question", "answer", "steps"]:
            yield f"expected the keys id, question, answer, steps, found {[*record]}"
            return
        yield from (f"{record['id']}: {fault}" for fault in solution_faults(record))
    ids = [r["id"] for r in everything]
    if ids != [f"a{i + 1:03d}" for i in range(len(everything))]:
        yield "the ids are not a001, a002, ... through both files"
    for name, records in halves.items():
        if [r["steps"] for r in records] != [1 + i % STEPS for i in range(PROBLEMS)]:
            yield f"{name}: the steps are not {PROBLEMS // STEPS} times 1 to {STEPS}, in turn"
    first, second = (operations(records) for records in halves.values())
    for key in sorted(first | second):
        if first[key] != second[key]:
            yield f"{key[1]} in {key[0]} steps: {first[key]} times in one half, {second[key]} in the other"
    for a, b in itertools.combinations(everything, 2):
        common, either = share(a["question"], b["question"])
        if common > LIKENESS * either:
            yield f"{a['id']} and {b['id']} are near-twins: they share {common} of {either} words"


def read():
    return {name: [json.loads(line) for line in (FOLDER / name).read_text(encoding="utf-8").splitlines()]
            for name in HALVES}


def read_prompt(name):
    return json.loads((FOLDER / "arithmetic" / name).read_text(encoding="utf-8"))["stages"][0]["text"]


def selftest():
    def edit(key, old, new):
        def change(halves):
            record = next(r for r in halves[HALVES[0]] if old in str(r[key]))
            record[key] = record[key].replace(old, new, 1)
        return change

    def twin(halves):
        source, target = halves[HALVES[0]][4], halves[HALVES[1]][4]
        target["question"] = source["question"].replace("91", "81")

    def swap(halves):
        a, b = halves[HALVES[0]], halves[HALVES[1]]
        a[0], b[4] = b[4], a[0]  # a sum for a difference

    broken = [("is not 'Words: a + b = c'", edit("answer", ": 27 + 38", ": 27 plus 38")),
              ("the equation is wrong", edit("answer", "27 + 38 = 65", "27 + 38 = 66")),
              ("is neither in the question nor a result", edit("question", "27 novels", "some novels")),
              ("lines with an equation, found", lambda halves: halves[HALVES[0]][0].update(steps=2)),
              ("is not used", edit("question", "38 comics", "38 comics, 3 maps")),
              ("expected the last line", edit("answer", "#### 65", "#### 64")),
              ("copying finds it", edit("question", "27 novels", "27 novels (of 65)")),
              ("expected the keys", lambda halves: halves[HALVES[0]][0].pop("steps")),
              ("the ids are not", lambda halves: halves[HALVES[1]][0].update(id="a001")),
              ("in turn", lambda halves: halves[HALVES[0]].reverse()),
              ("times in one half", swap),
              ("near-twins", twin)]
    for expected, change in broken:
        halves = copy.deepcopy(read())
        change(halves)
        if not any(expected in fault for fault in faults(halves)):
            sys.exit(f"selftest: no fault says {expected!r}")
    reason, direct = read_prompt("reason.json"), read_prompt("direct.json")
    problems = [r for records in read().values() for r in records]
    a_problem = problems[0]["question"]
    broken_prompts = [("no example", "Problem: {question}\nSolution:", "Problem: {question}"),
                      ("other examples", reason, direct.replace("41", "42")),
                      ("an equation of the example is wrong", reason.replace("12 = 36 rolls", "12 = 35 rolls"), direct),
                      ("does not end in its answer", *(prompt.replace("is 41", "is 36") for prompt in (reason, direct))),
                      ("again", reason.replace(examples(reason)[0][0], a_problem), direct)]
    for expected, *prompts in broken_prompts:
        if not any(expected in fault for fault in example_faults(*prompts, problems)):
            sys.exit(f"selftest: no fault of the prompts says {expected!r}")
    print(f"each of {len(broken) + len(broken_prompts)} broken files is caught")


def main():
    if sys.argv[1:] == ["--selftest"]:
        return selftest()
    halves = read()
    problems = [r for records in halves.values() for r in records]
    found = [*faults(halves), *example_faults(read_prompt("reason.json"), read_prompt("direct.json"), problems)]
    if found:
        sys.exit("\n".join(found))
    print(f"{sum(map(len, halves.values()))} solutions recomputed")


main()
