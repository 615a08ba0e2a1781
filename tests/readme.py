#!/usr/bin/env python3
"""Checks that the first code of README.md and docs/adding-a-kernel.md equals compiled files; `--write` updates them."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
# Document, file, and the words between which the file is shown.
shown = [("README.md", "examples/hello.cpp", "#include", None),
         ("docs/adding-a-kernel.md", "tests/kernels/example_kernel.cuh", "// largest[i]", "\n}  // namespace")]
block = re.compile(r"(```cpp\n)(.*?)(```)", re.S)
for name, source, first, last in shown:
    code = (root / source).read_text()
    code = code[code.index(first):]
    if last:
        code = code[:code.index(last)]
    document = root / name
    text = document.read_text()
    wanted = block.sub(lambda m: m.group(1) + code + m.group(3), text, count=1)
    if "--write" in sys.argv:
        document.write_text(wanted)
    elif wanted != text:
        sys.exit(f"{name}: the program is not {source}; tests/readme.py --write puts it there")
    print(f"{name} shows {source}")
