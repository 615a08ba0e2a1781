#!/usr/bin/env python3
"""Compares the tables in docs/models.md with what the tests compared, as they wrote it to files
(LITESTAGE_TESTED_MODELS, tests/common/family_models.hpp).

    tests/models_table.py FILE...            check
    tests/models_table.py FILE... --write    rewrite the tables

Instruction sets that this machine lacks are not checked, and keep their marks.
"""

import pathlib
import re
import sys

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent / "docs" / "models.md"
MARKS = {"reference": "r", "portable": "p", "avx2": "2", "avxvnni": "v", "avx512": "5", "gpu": "g"}
HEADINGS = {"gguf": "From a GGUF file", "folder": "From a folder",
            "quantised": "From a folder, rounded when it is opened"}
BETWEEN = re.compile(r"(<!-- tests/models_table.py writes from here -->\n)(.*?)(<!-- to here -->)", re.S)


def tables(cells):
    """Markdown. cells: {(form, family, type): set of backends}; tables have the order in which tests ran."""
    text = ""
    for form, heading in HEADINGS.items():
        families = list(dict.fromkeys(family for f, family, _ in cells if f == form))
        types = list(dict.fromkeys(dtype for f, _, dtype in cells if f == form))
        text += f"\n{heading}:\n\n| | {' | '.join(families)} |\n|{'---|' * (len(families) + 1)}\n"
        for dtype in types:
            found = [cells.get((form, family, dtype), ()) for family in families]
            marks = [" ".join(mark for backend, mark in MARKS.items() if backend in backends) for backends in found]
            text += f"| {dtype} | {' | '.join(marks)} |\n"
    return text + "\n"


def cells_of(text):
    """The inverse of `tables`."""
    backends = {mark: backend for backend, mark in MARKS.items()}
    cells, form, families = {}, None, None
    for line in text.splitlines():
        form, families = next(((f, None) for f, heading in HEADINGS.items() if line == heading + ":"), (form, families))
        if not line.startswith("| "):
            continue
        first, *rest = [column.strip() for column in line.strip("|").split("|")]
        if families is None:
            families = rest
            continue
        for family, marks in zip(families, rest):
            cells[form, family, first] = {backends[mark] for mark in marks.split()}
    return cells


def main():
    files = [argument for argument in sys.argv[1:] if argument != "--write"]
    if not files or "--help" in files:
        sys.exit(__doc__)
    lines = [line.split() for file in files for line in pathlib.Path(file).read_text().splitlines()]
    lacking = {words[1] for words in lines if words[0] == "lacks"}
    cells = {}
    for words in lines:
        if words[0] != "lacks":
            cells.setdefault(tuple(words[:3]), set()).add(words[3])
    document = DOCUMENT.read_text()
    committed = BETWEEN.search(document)
    if not committed:
        sys.exit(f"{DOCUMENT}: the lines between which the tables belong are missing")
    for cell, backends in cells_of(committed[2]).items():
        if cell in cells:
            cells[cell] |= backends & lacking
    wanted = BETWEEN.sub(lambda match: match[1] + tables(cells) + match[3], document)
    if "--write" in sys.argv:
        DOCUMENT.write_text(wanted)
    elif wanted != document:
        sys.exit(f"{DOCUMENT}: the tables differ from what the tests compared; "
                 f"tests/models_table.py {' '.join(files)} --write puts that there")
    print(f"docs/models.md has what the tests compared: {len(cells)} models, " +
          f"{sum(len(backends) for backends in cells.values())} comparisons")
    for name in sorted(lacking & MARKS.keys()):
        print(f"skipped: the marks of {name}, which this CPU lacks")


if __name__ == "__main__":
    main()
