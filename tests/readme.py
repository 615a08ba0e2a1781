#!/usr/bin/env python3
"""The program in README.md is examples/hello.cpp, which the build compiles. `--write` puts it there."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
readme = root / "README.md"
program = (root / "examples" / "hello.cpp").read_text()
program = program[program.index("#include"):]  # without its heading
block = re.compile(r"(```cpp\n)(.*?)(```)", re.S)
text = readme.read_text()
wanted = block.sub(lambda m: m.group(1) + program + m.group(3), text, count=1)
if "--write" in sys.argv:
    readme.write_text(wanted)
elif wanted != text:
    sys.exit("README.md: the program is not examples/hello.cpp; tests/readme.py --write puts it there")
print("README.md shows examples/hello.cpp")
