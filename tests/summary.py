#!/usr/bin/env python3
"""Reads a report of ctest (--output-junit FILE) and prints the numbers of passed, failed and skipped tests, then a line
for each failed test and for each check that a test says it skipped.

    tests/summary.py FILE LABEL
"""

import re
import sys
import xml.etree.ElementTree as ElementTree

# A line that a doctest MESSAGE or a script prints when it skips a check.
LEFT_OUT = re.compile(r"^(?:.*MESSAGE: *)?(skip(?:s|ped|ping)?\b.*)$", re.IGNORECASE | re.MULTILINE)


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    notes = []
    for case in ElementTree.parse(sys.argv[1]).getroot().iter("testcase"):
        name, status = case.get("name"), case.get("status")
        reason = case.find("skipped")
        if status == "run":
            counts["passed"] += 1
        elif reason is not None and reason.get("message", "").startswith("SKIP"):
            counts["skipped"] += 1
        else:  # also a test whose program was not built
            counts["failed"] += 1
            notes.append(f"FAILED: {name} ({sys.argv[2]})" + (", not built" if status == "notrun" else ""))
        for line in LEFT_OUT.findall(case.findtext("system-out") or ""):
            notes.append(f"{name}: {line.strip()}")
    print(*counts.values())
    for note in dict.fromkeys(notes):
        print(note)
    return 0


if __name__ == "__main__":
    sys.exit(main())
